# SPDX-License-Identifier: Apache-2.0
"""The table of budgets, and what a whole run does with it."""

import msgspec
import pytest

from tests.bench import alarms
from tests.bench.__main__ import SECTIONS, confirmed
from tests.bench.budgets import BUDGETS
from tests.bench.made import GROWTH, RATIO, compared, record, series
from tests.bench.record import OURS
from tests.bench.verdict import Never, State, judge, title

RING = next(budget for budget in BUDGETS if budget.section == "ring")


def test_every_budget_is_of_a_section_and_has_a_reason():
    for budget in BUDGETS:
        assert budget.section in SECTIONS
        assert len(budget.reason) > 20
        assert budget.at_most > 0 or isinstance(budget, Never)


def test_every_section_has_a_budget():
    assert {budget.section for budget in BUDGETS} == set(SECTIONS)


def test_no_two_budgets_are_of_the_same_thing():
    titles = [title(budget) for budget in BUDGETS]
    assert len(titles) == len(set(titles))


def test_a_goal_is_harder_than_its_limit():
    goals = [(b.goal, b.at_most) for b in BUDGETS if getattr(b, "goal", None)]
    assert goals
    assert all(goal < at_most for goal, at_most in goals)


def test_only_what_is_broken_twice_is_broken():
    bad, good = compared(*[0.9] * 9), compared(*[0.1] * 9)
    first = [judge(RATIO, bad)]
    assert confirmed(first, [judge(RATIO, good)])[0].state is State.HELD
    assert confirmed(first, [judge(RATIO, bad)])[0].state is State.BROKEN


def test_what_held_is_not_broken_by_the_second_attempt():
    """Its section was measured again for another budget's sake."""
    first = [judge(RATIO, compared(*[0.1] * 9)), judge(GROWTH, compared(0.1))]
    second = [judge(RATIO, compared(*[0.9] * 9)), judge(GROWTH, compared(0.1))]
    assert confirmed(first, second) == first


def made(ratio, **fields):
    """Make a run in which the first budget of the ring shows this ratio."""
    rounds = [[100.0]] * 9
    ours = series(OURS, *[[100.0 * ratio]] * 9, case=RING.case, metric=RING.metric)
    theirs = series(RING.rival, *rounds, case=RING.case, metric=RING.metric)
    both = [msgspec.structs.replace(each, section="ring") for each in (ours, theirs)]
    return record(*both, **fields)


def test_false_alarms_are_counted_over_the_runs_of_one_commit(capsys):
    runs = [made(RING.at_most * factor) for factor in (0.5, 0.9, 1.5)]
    assert alarms.tell(runs) == 0
    told = capsys.readouterr().out
    assert told.startswith("1 of 3 runs of abc had a broken budget")
    assert f"1 x {title(RING)}" in told
    assert "fewer than 30" in told


@pytest.mark.parametrize("commits", [(), ("abc", "def")])
def test_runs_of_several_commits_tell_nothing_about_false_alarms(commits, capsys):
    assert alarms.tell([made(1, commit=commit) for commit in commits]) == 2
    assert "runs of one commit" in capsys.readouterr().out

# SPDX-License-Identifier: Apache-2.0
"""Whether a budget holds: not by one bad round, but by what chance cannot explain."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.contest import QUICK
from tests.bench.made import GROWTH, NEVER, RATIO, compared, record, series
from tests.bench.record import OURS
from tests.bench.verdict import (
    ALPHA,
    State,
    judge,
    judge_beside,
    title,
)


def test_a_budget_holds_when_the_rounds_are_below_its_limit():
    verdict = judge(RATIO, compared(*[0.4] * 9))
    assert verdict.state is State.HELD
    assert verdict.figure == pytest.approx(0.4)


def test_a_budget_is_broken_when_all_rounds_are_above_its_limit():
    assert judge(RATIO, compared(*[0.6] * 9)).state is State.BROKEN


def test_one_good_round_does_not_hide_a_loss():
    assert judge(RATIO, compared(*[0.6] * 8, 0.3)).state is State.BROKEN


def test_a_few_bad_rounds_break_nothing():
    assert judge(RATIO, compared(*[0.4] * 5, *[9.0] * 4)).state is State.HELD


def test_too_few_rounds_can_break_nothing_however_bad():
    assert judge(RATIO, compared(*[9.0] * 5)).state is State.HELD


def test_the_quick_form_has_rounds_enough_to_break_a_budget():
    assert judge(RATIO, compared(*[9.0] * QUICK.rounds)).state is State.BROKEN


def test_noise_that_all_contenders_share_leaves_the_ratio_as_it_is():
    """Interleaved rounds: whatever slows the machine slows both."""
    chance = random.Random(1)
    noise = [chance.uniform(1, 20) for _ in range(9)]
    ours = series(OURS, *([0.4 * each] for each in noise))
    theirs = series("R", *([each] for each in noise))
    figures = judge(RATIO, record(ours, theirs)).figures
    assert figures == pytest.approx([0.4] * 9)


def test_at_its_limit_a_budget_is_broken_by_chance_as_seldom_as_is_said():
    chance = random.Random(7)
    runs = 3000
    alarms = sum(
        judge(
            RATIO, compared(*(0.5 * chance.lognormvariate(0, 0.3) for _ in range(9)))
        ).state
        is State.BROKEN
        for _ in range(runs)
    )
    assert alarms / runs <= ALPHA * 1.3


@given(st.lists(st.floats(0.01, 0.5), min_size=9, max_size=9))
def test_what_never_exceeds_its_limit_is_never_broken(ratios):
    assert judge(RATIO, compared(*ratios)).state is State.HELD


@pytest.mark.parametrize("budget", [RATIO, GROWTH, NEVER])
def test_what_was_not_measured_neither_holds_nor_breaks(budget):
    verdict = judge(budget, record(series("R", [1])))
    assert verdict.state is State.UNMEASURED
    assert verdict.figures == []


def test_one_loss_in_one_round_breaks_what_must_never_be():
    lost = series(OURS, [0], [0], [1], metric="lost")
    assert judge(NEVER, record(lost)).state is State.BROKEN
    none = series(OURS, [0], [0], metric="lost")
    assert judge(NEVER, record(none)).state is State.HELD


def test_what_a_neighbour_can_cause_is_broken_if_no_round_is_free_of_it():
    budget = msgspec.structs.replace(NEVER, but_starved=True)
    some = series(OURS, [3], [0], [5], metric="lost")
    assert judge(budget, record(some)).state is State.HELD
    every = series(OURS, [3], [1], [5], metric="lost")
    assert judge(budget, record(every)).state is State.BROKEN


def grown(power):
    return record(
        *(
            series(
                str(size), *[[size**power]] * 9, case="g", metric="cost_us", size=size
            )
            for size in (1, 10, 100)
        )
    )


@pytest.mark.parametrize(
    ("power", "state"), [(0, State.HELD), (0.05, State.HELD), (1, State.BROKEN)]
)
def test_a_cost_may_grow_with_its_power_and_no_more(power, state):
    verdict = judge(GROWTH, grown(power))
    assert verdict.state is state
    assert verdict.figure == pytest.approx(power)


def test_a_percentile_other_than_the_median_is_compared_where_a_budget_says_so():
    ours = series(OURS, *[[1, 50, 99]] * 9)
    theirs = series("R", *[[100, 100, 100]] * 9)
    least = msgspec.structs.replace(RATIO, at=10)
    greatest = msgspec.structs.replace(RATIO, at=99)
    assert judge(least, record(ours, theirs)).figure == pytest.approx(0.01)
    assert judge(greatest, record(ours, theirs)).state is State.BROKEN


def test_beside_a_baseline_what_became_a_third_dearer_is_broken():
    baseline = compared(*[0.3] * 9)
    assert judge(RATIO, compared(*[0.4] * 9)).state is State.HELD
    beside = judge_beside(RATIO, compared(*[0.4] * 9), baseline)
    assert beside
    assert beside.state is State.BROKEN
    assert judge_beside(RATIO, compared(*[0.33] * 9), baseline).state is State.HELD


def test_beside_a_baseline_the_title_and_the_reason_say_so():
    beside = judge_beside(RATIO, compared(*[0.4] * 9), compared(*[0.3] * 9))
    assert title(beside.budget).endswith("beside the baseline")
    assert "0.300" in beside.budget.reason


@pytest.mark.parametrize("before", [0, 0.02, -0.05])
def test_beside_a_baseline_an_exponent_may_wander_a_little_and_not_much(before):
    baseline = grown(before)
    assert judge_beside(GROWTH, grown(before + 0.04), baseline).state is State.HELD
    assert judge_beside(GROWTH, grown(before + 0.06), baseline).state is State.BROKEN


def test_a_baseline_without_the_figure_says_nothing():
    assert judge_beside(RATIO, compared(0.4), record(series("R", [1]))) is None


def test_a_title_says_what_is_divided_by_what():
    assert title(RATIO) == "s · c · wall_ns / R"
    assert title(msgspec.structs.replace(RATIO, at=10)) == "s · c · wall_ns p10 / R"
    assert title(GROWTH) == "s · g · cost_us, exponent"

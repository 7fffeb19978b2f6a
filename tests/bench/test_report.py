# SPDX-License-Identifier: Apache-2.0
"""What is shown: to a person at a terminal, and to one with a browser."""

import xml.etree.ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench import report, svg, text
from tests.bench.made import NEVER, RATIO, compared, record, series
from tests.bench.record import OURS
from tests.bench.svg import Strip
from tests.bench.verdict import judge

SAMPLES = st.lists(st.floats(0, 1e9), min_size=1, max_size=600)


def drawn(picture):
    return ET.fromstring(picture)  # noqa: S314 - our own


def page_of(run, history=()):
    return report.page(run, [judge(RATIO, run), judge(NEVER, run)], history)


def test_the_terminal_shows_the_ratio_first_then_what_was_measured():
    table = text.case(compared(0.4, 0.5, 0.6).series)
    ours, theirs = table.splitlines()[-2:]
    assert ours.split()[-1] == OURS
    assert theirs.split() == ["0.500", "0.400", "..", "0.600", *["100"] * 5, "R"]


def test_the_terminal_shows_the_tails_too():
    table = text.case([series(OURS, range(1, 1001))])
    assert table.splitlines()[-2].split()[-5:] == ["p10", "median", "p90", "p99", "max"]
    assert table.splitlines()[-1].split() == ["100", "500", "900", "990", "1000", OURS]


def test_a_table_is_no_wider_than_a_hundred_columns():
    name = "MQTT and a bare write to disk"  # no contender's is longer
    far = series(OURS, [0.00123], [0.00123]), series(name, [0.0123], [0.0234])
    table = text.case(far)
    assert name in table
    assert max(map(len, table.splitlines())) <= 100


def test_the_terminal_shows_a_broken_budget_last_and_why_it_is_one():
    run = compared(*[0.7] * 9)
    told = text.judgement([judge(RATIO, run), judge(NEVER, run)])
    assert told.splitlines()[-3].startswith("BROKEN")
    assert RATIO.reason in told.splitlines()[-2]
    assert told.endswith("budgets: 0 held, 1 BROKEN, 1 not measured")


def test_a_zero_of_a_rival_is_shown_without_a_ratio():
    run = record(series(OURS, [1]), series("R", [0]))
    assert text.case(run.series).splitlines()[-1].split() == ["0"] * 5 + ["R"]


def test_the_page_needs_nothing_but_itself_and_nothing_in_it_is_taken_for_markup():
    page = page_of(compared(*[0.4] * 9))
    assert "src=" not in page
    assert "href=" not in page
    assert "a &lt;fast&gt; one" in page
    assert "R was left out" in page


def test_the_page_shows_every_budget_with_its_limit_goal_and_reason():
    budget = msgspec.structs.replace(RATIO, goal=0.2)
    run = compared(*[0.4] * 9)
    page = report.page(run, [judge(budget, run)], [])
    for shown in ("0.400", "0.500", "0.200", budget.reason, "held"):
        assert shown in page


def test_the_page_shows_the_tails_of_every_distribution():
    page = page_of(record(series(OURS, range(1, 1001))))
    for shown in ("<th>p99", "<th>max", ">990", ">1000"):
        assert shown in page


def test_the_page_shows_the_course_of_a_figure_over_the_runs_that_have_it():
    run = compared(*[0.4] * 9)
    older = msgspec.structs.replace(compared(0.3), commit="older-one")
    page = page_of(run, [older, record(commit="has-none"), run])
    assert "older-one" in page
    assert "has-none" not in page


@given(SAMPLES, SAMPLES)
def test_any_samples_can_be_drawn_and_no_dot_is_outside(ours, theirs):
    picture = drawn(
        svg.strips(
            [
                Strip(name="<ours>", samples=ours, is_ours=True),
                Strip(name="theirs", samples=theirs, is_ours=False),
            ]
        )
    )
    dots = [each for each in picture if each.tag.endswith("circle")]
    assert 2 <= len(dots) <= 2 * svg.MOST_DOTS
    assert all(svg.LABEL <= float(dot.get("cx")) <= svg.WIDTH for dot in dots)


@given(st.lists(st.floats(-1, 1e6), min_size=1, max_size=30), st.floats(0, 1e6))
def test_any_course_can_be_drawn(values, limit):
    points = [(f"<{number}>", value) for number, value in enumerate(values)]
    picture = drawn(svg.course(points, limit=limit))
    assert sum(each.tag.endswith("circle") for each in picture) == len(values)


@pytest.mark.parametrize("sample", [0.0, 5.0])
def test_samples_that_are_all_alike_can_be_drawn(sample):
    drawn(svg.strips([Strip(name="x", samples=[sample] * 3, is_ours=True)]))

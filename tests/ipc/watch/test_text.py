# SPDX-License-Identifier: Apache-2.0
"""Text as it is shown."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.watch import text
from ipc.watch.text import Style, bar, columns, line, plain, render, span, when

DAY_NS = 86_400 * 10**9


def test_the_examples_in_the_docstrings_are_true():
    failed, tried = doctest.testmod(text)
    assert tried >= 3
    assert failed == 0


@given(st.floats(0, 1e9))
def test_a_duration_is_never_wider_than_its_column(seconds):
    assert len(span(seconds)) <= 7


@given(st.integers(0, 10**10))
def test_a_count_is_never_wider_than_its_column(number):
    assert len(text.count(number)) <= 6


@given(st.floats(-1, 2), st.integers(1, 40))
def test_a_bar_is_as_wide_as_asked(share, width):
    assert len(bar(share, width)) == width


@given(st.lists(st.tuples(st.integers(2, 20), st.text()), min_size=1, max_size=5))
def test_columns_stand_where_they_should_whatever_is_in_them(cells):
    widths = [width for width, _ in cells]
    shown = columns(widths, [content for _, content in cells])
    assert len(shown) == sum(widths) + len(widths) - 1


@given(st.lists(st.tuples(st.text(), st.sampled_from(Style))), st.integers(0, 90))
def test_no_text_reaches_the_terminal_as_a_command(parts, width):
    shown = render(tuple(parts), width)
    for style in Style:
        shown = shown.replace(f"\x1b[{style.value}m", "")
    shown = shown.replace("\x1b[0m", "")
    assert shown.isprintable()
    assert len(shown) <= width


def test_a_line_is_cut_in_the_middle_of_a_part():
    made = line("ab", ("cd", Style.BAD))
    assert render(made, 3) == "ab\x1b[1;31mc\x1b[0m"
    assert plain(made) == "abcd"


@pytest.mark.parametrize(
    ("wall_ns", "shown"), [(10**9 * 3661, "01:01:01"), (DAY_NS * 2, "1970-01-03")]
)
def test_an_instant_of_another_day_is_a_date(wall_ns, shown):
    assert when(wall_ns, DAY_NS // 2) == shown

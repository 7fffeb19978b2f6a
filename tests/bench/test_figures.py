# SPDX-License-Identifier: Apache-2.0
"""The little statistics, against what is known of them."""

import doctest
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench import figures
from tests.bench.figures import chance_of, exponent, percentile, short

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


def test_the_examples_are_true():
    assert doctest.testmod(figures).failed == 0


@given(VALUES, st.floats(0, 100))
def test_a_percentile_is_one_of_the_values_and_so_many_do_not_exceed_it(values, at):
    found = percentile(values, at)
    assert found in values
    assert sum(value <= found for value in values) >= at / 100 * len(values) - 1e-9


@given(VALUES)
def test_the_fiftieth_percentile_is_the_lower_median(values):
    assert percentile(values, 50) == statistics.median_low(values)


@given(st.integers(1, 40))
def test_at_least_no_heads_is_certain_and_more_heads_are_less_likely(rounds):
    chances = [chance_of(heads, rounds) for heads in range(rounds + 1)]
    assert chances[0] == 1
    assert chances == sorted(chances, reverse=True)
    assert chances[-1] == pytest.approx(0.5**rounds)


@given(st.floats(-2, 3), st.floats(0.01, 1000))
def test_the_exponent_of_a_power_law_is_found_whatever_its_scale(power, scale):
    sizes = [1, 4, 16, 32]
    costs = [scale * size**power for size in sizes]
    assert exponent(sizes, costs) == pytest.approx(power, abs=1e-6)


@given(st.floats(1e-6, 1e9))
def test_a_short_number_is_the_number_to_half_a_percent(value):
    assert float(short(value)) == pytest.approx(value, rel=0.0051)

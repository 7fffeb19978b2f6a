# SPDX-License-Identifier: Apache-2.0
"""How punctual a bus was: of the last minute, of whole ticks, in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ipc.units import NS_PER_S
from ipc.watch.ticks import MOST_TICKS, SPAN_NS, Ticks
from tests.fakes import sample_of

PERIOD_S = 0.5


def sample(tick, *, late_us=100, busy_us=50_000, at_ns=None):
    at_ns = round(tick * PERIOD_S * NS_PER_S) if at_ns is None else at_ns
    return replace(
        sample_of(mono_ns=at_ns), tick=tick, lateness_us=late_us, duration_us=busy_us
    )


def ticks_of(*samples, period_s=PERIOD_S):
    ticks = Ticks(period_s=period_s)
    for each in samples:
        ticks.add(each)
    return ticks


def test_without_a_sample_there_is_nothing_to_say():
    assert ticks_of().spread(0) is None


def test_what_is_older_than_a_minute_counts_no_more():
    ticks = ticks_of(sample(1, late_us=9000, at_ns=0), sample(2, at_ns=1))
    assert ticks.spread(SPAN_NS).ticks == 2
    spread = ticks.spread(SPAN_NS + 1)
    assert (spread.ticks, spread.worst_ms) == (1, 0.1)


def test_a_bus_that_was_silent_for_a_minute_is_not_told_by_what_it_was_before():
    ticks = ticks_of(*[sample(number) for number in range(10)])
    assert ticks.spread(round(4.5 * NS_PER_S)) is not None
    assert ticks.spread(round(4.5 * NS_PER_S) + SPAN_NS + 1) is None
    ticks.add(sample(400))
    assert ticks.spread(200 * NS_PER_S).ticks == 1


def test_the_meters_of_one_tick_share_its_lateness_and_add_up_in_its_use():
    spread = ticks_of(
        sample(1, late_us=200, busy_us=100_000),
        sample(1, late_us=90_000, busy_us=150_000),
        sample(2, late_us=400, busy_us=50_000),
    ).spread(NS_PER_S)
    assert (spread.ticks, spread.worst_ms) == (2, 0.4)
    assert spread.fullest == pytest.approx(0.5)
    assert spread.in_use == pytest.approx(0.3)


def test_half_nearly_all_and_the_worst_are_told_apart():
    spread = ticks_of(
        *[sample(number, late_us=number * 10) for number in range(1, 101)]
    ).spread(50 * NS_PER_S)
    assert (spread.median_ms, spread.p99_ms, spread.worst_ms) == (0.51, 1.0, 1.0)


def test_a_tick_that_was_missed_leaves_the_bus_idle_meanwhile():
    spread = ticks_of(sample(0), sample(9)).spread(5 * NS_PER_S)
    assert spread.ticks == 2
    assert spread.in_use == pytest.approx(2 * 0.05 / 5.0)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
        min_size=1,
        max_size=60,
    )
)
def test_the_figures_are_in_order_and_none_lies_outside_what_was_seen(seen):
    spread = ticks_of(
        *[
            sample(number, late_us=late_us, busy_us=busy_us)
            for number, (late_us, busy_us) in enumerate(seen)
        ]
    ).spread(30 * NS_PER_S)
    late_ms = [late_us / 1000 for late_us, _ in seen]
    assert spread.median_ms <= spread.p99_ms <= spread.worst_ms == max(late_ms)
    assert {spread.median_ms, spread.p99_ms} <= set(late_ms)
    assert spread.in_use <= spread.fullest * (1 + 1e-9)


def test_however_fast_a_bus_is_what_is_remembered_is_bounded():
    fast = [sample(number, at_ns=number) for number in range(MOST_TICKS + 50)]
    spread = ticks_of(*fast, period_s=0.01).spread(MOST_TICKS)
    assert spread.ticks == MOST_TICKS

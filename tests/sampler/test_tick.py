# SPDX-License-Identifier: Apache-2.0
"""Ticks: absolute deadlines, misses counted, never bunched."""

from hypothesis import given
from hypothesis import strategies as st

from ipc.units import NS_PER_S
from sampler.tick import Ticker

RATES = st.floats(min_value=0.01, max_value=100)
PAUSES = st.lists(st.integers(min_value=0, max_value=20 * NS_PER_S), max_size=30)


def walk(ticker: Ticker, start_ns: int, pauses: list[int]):
    """Take ticks as a loop does: each begins at its deadline or when we are free."""
    now_ns = start_ns
    for pause_ns in pauses:
        tick = ticker.next(now_ns)
        begun_ns = max(now_ns, tick.deadline_ns)
        yield tick, begun_ns
        now_ns = begun_ns + pause_ns


@given(RATES, st.integers(min_value=0, max_value=2**60), PAUSES)
def test_every_tick_is_on_the_grid_and_every_number_is_ticked_or_missed(
    rate_hz, start_ns, pauses
):
    ticker = Ticker(start_ns=start_ns, rate_hz=rate_hz)
    expected = 0
    for tick, _ in walk(ticker, start_ns, pauses):
        assert tick.number == expected + tick.missed
        assert tick.deadline_ns == start_ns + tick.number * ticker.period_ns
        expected = tick.number + 1


@given(RATES, PAUSES)
def test_a_tick_begins_at_most_half_a_period_late_and_none_is_given_up_too_soon(
    rate_hz, pauses
):
    ticker = Ticker(start_ns=0, rate_hz=rate_hz)
    before_ns = None
    for tick, begun_ns in walk(ticker, 0, pauses):
        assert begun_ns - tick.deadline_ns <= ticker.period_ns // 2
        if before_ns is not None:
            assert begun_ns - before_ns >= ticker.period_ns // 2 - 1
        if tick.missed:
            given_up_ns = tick.deadline_ns - ticker.period_ns
            assert begun_ns - given_up_ns > ticker.period_ns // 2
        before_ns = begun_ns


def test_there_is_no_drift():
    ticker = Ticker(start_ns=5, rate_hz=10)
    now_ns = 5
    for _ in range(600):
        now_ns = ticker.next(now_ns + 30_000_000).deadline_ns
    assert now_ns == 5 + 599 * NS_PER_S // 10


def test_a_stall_is_counted_and_skipped():
    ticker = Ticker(start_ns=0, rate_hz=1)
    assert ticker.next(0).missed == 0
    after = ticker.next(round(3.2 * NS_PER_S))
    assert (after.number, after.missed) == (3, 2)
    assert ticker.next(round(3.3 * NS_PER_S)).number == 4

# SPDX-License-Identifier: Apache-2.0
"""How punctual a bus was and how full, from the samples in its ring.

So the process that has to be punctual need not keep statistics of it.
"""

from collections import deque

import msgspec

from ipc.sample import Sample
from ipc.units import NS_PER_S, NS_PER_US

SPAN_NS = 60 * NS_PER_S
MOST_TICKS = 6000
"""A minute at 100 Hz, the highest rate of a configuration."""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The ticks of the last minute, as far as the ring still holds them.

    ticks          that were begun
    median_ms ...  how late they began: half of them, 99 %, all of them at most this
    in_use         share of the time in which the bus was busy
    fullest        share of its period that the busiest tick took
    """

    ticks: int
    median_ms: float
    p99_ms: float
    worst_ms: float
    in_use: float
    fullest: float


class _Tick:
    """One tick: its samples, of all meters, added up."""

    def __init__(self, sample: Sample) -> None:
        self.number = sample.tick
        self.mono_ns = sample.mono_ns
        self.lateness_us = sample.lateness_us
        self.busy_us = sample.duration_us


class Ticks:
    """Remembers the ticks of the last minute."""

    def __init__(self, *, period_s: float) -> None:
        self._period_s = period_s
        self._ticks: deque[_Tick] = deque(maxlen=MOST_TICKS)

    def add(self, sample: Sample) -> None:
        """Take the bus's next sample, of whichever meter."""
        if self._ticks and self._ticks[-1].number == sample.tick:
            self._ticks[-1].busy_us += sample.duration_us
        else:
            self._ticks.append(_Tick(sample))

    def spread(self, now_ns: int) -> Spread | None:
        """Say how the last minute was; None if nothing was sampled in it."""
        while self._ticks and now_ns - self._ticks[0].mono_ns > SPAN_NS:
            self._ticks.popleft()
        if not self._ticks:
            return None
        late = sorted(tick.lateness_us for tick in self._ticks)
        busy_us = [tick.busy_us for tick in self._ticks]
        span_ns = self._ticks[-1].mono_ns - self._ticks[0].mono_ns
        span_s = span_ns / NS_PER_S + self._period_s
        period_us = self._period_s * NS_PER_S / NS_PER_US
        return Spread(
            ticks=len(late),
            median_ms=late[len(late) // 2] / 1000,
            p99_ms=late[min(len(late) * 99 // 100, len(late) - 1)] / 1000,
            worst_ms=late[-1] / 1000,
            in_use=sum(busy_us) / (span_s * 1e6),
            fullest=max(busy_us) / period_us,
        )

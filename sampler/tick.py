# SPDX-License-Identifier: Apache-2.0
"""Absolute deadlines: no drift, and a missed tick is counted, never bunched."""

import msgspec

from ipc.units import NS_PER_S


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """One period: its number since the start, its deadline, the misses before it."""

    number: int
    deadline_ns: int
    missed: int


class Ticker:
    """Gives the next tick on the grid start + n x period.

    A tick that could not begin within half a period of its deadline is missed:
    skipped and counted, so two samples are never closer than half a period.
    """

    def __init__(self, *, start_ns: int, rate_hz: float) -> None:
        self.period_ns = round(NS_PER_S / rate_hz)
        self._start_ns = start_ns
        self._next = 0

    def next(self, now_ns: int) -> Tick:
        """Give the next tick that can still begin in time."""
        latest_ns = now_ns - self.period_ns // 2
        due = -((self._start_ns - latest_ns) // self.period_ns)  # rounded up
        number = max(self._next, due)
        missed = number - self._next
        self._next = number + 1
        deadline_ns = self._start_ns + number * self.period_ns
        return Tick(number=number, deadline_ns=deadline_ns, missed=missed)

# SPDX-License-Identifier: Apache-2.0
"""The only reader of time, and the only place that sleeps."""

import select
import time
from typing import Protocol

from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S, NS_PER_US

__all__ = ["NS_PER_MS", "NS_PER_S", "NS_PER_US", "Clock", "SystemClock"]

LONG_WAIT_NS = 50 * NS_PER_MS
"""A wait above this would be late by more than the usual 50 us of timer slack."""


class Clock(Protocol):
    """Monotonic time, wall time and an absolute wait."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never go back (CLOCK_MONOTONIC, the same for all)."""
        ...

    def wall_ns(self) -> int:
        """UTC in nanoseconds since the Unix epoch; may be stepped."""
        ...

    def wait_until(self, deadline_ns: int) -> None:
        """Sleep until the monotonic deadline, or until a stop is requested."""
        ...


class SystemClock:
    """The kernel's clocks. A wait ends early when `stop` is requested."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def monotonic_ns(self) -> int:
        """Nanoseconds of CLOCK_MONOTONIC."""
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        """Nanoseconds of CLOCK_REALTIME."""
        return time.time_ns()

    def wait_until(self, deadline_ns: int) -> None:
        """Sleep until the deadline; tens of microseconds of lateness are the kernel's.

        select, because poll and epoll round a wait up to whole milliseconds. It may
        be late by a thousandth of the wait (Linux, fs/select.c), so a long wait stops
        short by twice that, and a second one of a few milliseconds ends on time.
        """
        while not self._stop.requested:
            remaining_ns = deadline_ns - time.monotonic_ns()
            if remaining_ns <= 0:
                return
            if remaining_ns > LONG_WAIT_NS:
                remaining_ns -= remaining_ns // 500
            select.select([self._stop], [], [], remaining_ns / NS_PER_S)

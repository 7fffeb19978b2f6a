# SPDX-License-Identifier: Apache-2.0
"""When the publisher wakes: pure arithmetic on the two clocks."""

from ipc.units import NS_PER_MS, NS_PER_S

GRACE_NS = 100 * NS_PER_MS
"""After a window's end: its last sample is on the bus a little longer."""


def window_due_ns(*, mono_ns: int, wall_ns: int, window_s: float) -> int:
    """Give the monotonic time at which the running window can be closed."""
    length_ns = round(window_s * NS_PER_S)
    since_due_ns = (wall_ns - GRACE_NS) % length_ns
    return mono_ns + length_ns - since_due_ns


class Periodic:
    """Comes due every period; a period that was slept through is not made up for."""

    def __init__(self, *, first_ns: int, period_s: float) -> None:
        self.due_ns = first_ns
        self._period_ns = round(period_s * NS_PER_S)

    def set_period(self, period_s: float, now_ns: int) -> None:
        """Come due each period_s from now on, and not later than one from now."""
        self._period_ns = round(period_s * NS_PER_S)
        self.due_ns = min(self.due_ns, now_ns + self._period_ns)

    def take(self, now_ns: int) -> bool:
        """Say whether it is due, and if so set the next time."""
        if now_ns < self.due_ns:
            return False
        missed = (now_ns - self.due_ns) // self._period_ns
        self.due_ns += (missed + 1) * self._period_ns
        return True

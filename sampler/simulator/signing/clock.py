# SPDX-License-Identifier: Apache-2.0
"""The clock inside a meter: set by writing, and lost with the power."""

from ipc.clock import NS_PER_S


class MeterClock:
    """Seconds since the Unix epoch; before it is set it counts from there."""

    def __init__(self) -> None:
        """Begin at 1970, at the meter's start."""
        self.offset_min = 0
        """Of the local time from UTC; survives a loss of power."""
        self._set_s = 0
        self._set_ns = 0

    def set(self, utc_s: int, *, now_ns: int) -> None:
        """Let it be so late now."""
        self._set_s = utc_s
        self._set_ns = now_ns

    def utc_s(self, now_ns: int) -> int:
        """Give the whole seconds it shows."""
        return self._set_s + (now_ns - self._set_ns) // NS_PER_S

# SPDX-License-Identifier: Apache-2.0
"""Bauer BSM-WS36A: a clock that is valid once time and zone were set together.

Source: chargeITmobility/bsm-python bdec54e0ca, doc/examples/time.md. Assumed: how far
a time may be off to count as an update and not as setting the clock.
"""

from sampler.simulator.signing.clock import MeterClock

DRIFT_S = 30


class SunSpecClock:
    """What Epoch and TZO show, and how often they were set."""

    def __init__(self) -> None:
        """Begin without the time."""
        self.sets = 0
        self.set_at_s = 0
        """In seconds of operation."""
        self.zone_min: int | None = None
        self._clock = MeterClock()

    def utc_s(self, now_ns: int) -> int | None:
        """Give the seconds, in 32 bits, or None while they are not valid."""
        if self.zone_min is None:
            return None
        return self._clock.utc_s(now_ns) % (1 << 32)

    def lose(self) -> None:
        """Forget the time."""
        self.zone_min = None

    def write(
        self, *, utc_s: int | None, zone_min: int | None, now_ns: int, operating_s: int
    ) -> None:
        """Take what was written in one request; None is what was not.

        As long as the time is not valid, one without the other changes nothing.
        """
        if self.zone_min is None and (utc_s is None or zone_min is None):
            return
        shown = self.utc_s(now_ns)
        is_new_zone = zone_min is not None and zone_min != self.zone_min
        is_off = utc_s is not None and (shown is None or abs(utc_s - shown) > DRIFT_S)
        if is_new_zone or is_off:
            self.sets += 1
            self.set_at_s = operating_s
        if zone_min is not None:
            self.zone_min = zone_min
        if utc_s is not None:
            self._clock.set(utc_s, now_ns=now_ns)

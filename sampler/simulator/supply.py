# SPDX-License-Identifier: Apache-2.0
"""The mains of a meter: when they fail, and how long it is gone for that."""

import enum

import msgspec

from sampler.simulator.errors import OptionError


class PowerEvent(enum.Enum):
    """What a meter lives through."""

    LOST = "lost"
    BACK = "back"


class _Outage(msgspec.Struct, frozen=True, kw_only=True):
    begin_ns: int
    end_ns: int
    up_ns: int  # when the meter has started again


class Supply:
    """Outages on the meter's own axis of time, which begins with its first start."""

    def __init__(self, *, boot_ns: int) -> None:
        """Take how long the meter needs to start again."""
        self._boot_ns = boot_ns
        self._outages: list[_Outage] = []
        self._events: list[tuple[int, PowerEvent]] = []

    def cut(self, *, at_ns: int, for_ns: int) -> None:
        """Plan an outage; it must begin after the meter is up from the one before."""
        if self._outages and at_ns < self._outages[-1].up_ns:
            raise OptionError(
                f"power cut at {at_ns} ns: the meter is not up before"
                f" {self._outages[-1].up_ns} ns; cut it later"
            )
        end_ns = at_ns + for_ns
        up_ns = end_ns + self._boot_ns
        self._outages.append(_Outage(begin_ns=at_ns, end_ns=end_ns, up_ns=up_ns))
        self._events += [(at_ns, PowerEvent.LOST), (up_ns, PowerEvent.BACK)]

    def happened(self, until_ns: int) -> list[tuple[int, PowerEvent]]:
        """Give what happened up to now and was not given before, in order."""
        due = [event for event in self._events if event[0] <= until_ns]
        del self._events[: len(due)]
        return due

    def is_up(self, at_ns: int) -> bool:
        """Say whether the meter answers."""
        return not any(each.begin_ns <= at_ns < each.up_ns for each in self._outages)

    def powered_ns(self, at_ns: int) -> int:
        """Give how long the mains were there: the load draws nothing without them."""
        return at_ns - sum(
            max(0, min(at_ns, each.end_ns) - each.begin_ns) for each in self._outages
        )

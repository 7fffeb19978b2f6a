# SPDX-License-Identifier: Apache-2.0
"""What each tick of a bus carries, and the tick that carries most."""

import math
from collections.abc import Iterator, Sequence

import msgspec

from sampler.schedule import Schedule

LONGEST_CYCLE = 10_000
"""Ticks of a timetable that are looked at; of a longer one, the worst is assumed."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One meter's turns, and what each costs the wire, in seconds.

    full_s  everything is read
    fast_s  everything but the energies
    """

    name: str
    schedule: Schedule
    full_s: float
    fast_s: float

    def at(self, tick: int) -> tuple[str, float] | None:
        """Say what is read of the meter with this tick, and its wire time."""
        if not self.schedule.is_due(tick):
            return None
        if self.schedule.energy_every == 1:
            return self.name, self.full_s
        if self.schedule.has_energy(tick):
            return f"{self.name} with energies", self.full_s
        return self.name, self.fast_s


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Ticks that carry the same: the first, how many in a cycle, what, how long."""

    first: int
    ticks: int
    what: tuple[str, ...]
    wire_s: float


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one cycle, and the wire time of its worst tick.

    is_whole  false if the cycle is too long to be looked at: it has no rows then, and
              the worst tick is one that reads everything
    """

    cycle: int
    rows: tuple[Row, ...]
    worst_s: float
    is_whole: bool


def timetable(turns: Sequence[Turn]) -> Timetable:
    """Lay out one cycle."""
    cycle = math.lcm(*(turn.schedule.cycle for turn in turns))
    if cycle > LONGEST_CYCLE:
        worst_s = sum(turn.full_s for turn in turns)
        return Timetable(cycle=cycle, rows=(), worst_s=worst_s, is_whole=False)
    rows = tuple(_rows(turns, cycle))
    worst_s = max(row.wire_s for row in rows)
    return Timetable(cycle=cycle, rows=rows, worst_s=worst_s, is_whole=True)


def _rows(turns: Sequence[Turn], cycle: int) -> Iterator[Row]:
    found: dict[tuple[tuple[str, float], ...], list[int]] = {}
    for tick in range(cycle):
        reads = tuple(read for turn in turns if (read := turn.at(tick)))
        found.setdefault(reads, []).append(tick)
    for reads, ticks in found.items():
        yield Row(
            first=ticks[0],
            ticks=len(ticks),
            what=tuple(name for name, _ in reads),
            wire_s=sum(wire_s for _, wire_s in reads),
        )

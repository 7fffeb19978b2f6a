# SPDX-License-Identifier: Apache-2.0
"""Which meter is read with which tick, and when its energies are read with it.

Meters that are not read with every tick are spread over the ticks, so that the worst
tick, which the wire has to carry, is as short as can be.
"""

import msgspec

from ipc.config import MeterTable


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """The turns of one meter.

    every         it is read with every so many ticks
    energy_every  its energies are read with every so many of its readings
    phase         number of the first tick with which all of it is read
    """

    every: int
    energy_every: int
    phase: int

    @property
    def cycle(self) -> int:
        """Ticks from one reading with energies to the next."""
        return self.every * self.energy_every

    def is_due(self, tick: int) -> bool:
        """Whether the meter is read with this tick."""
        return tick % self.every == self.phase % self.every

    def has_energy(self, tick: int) -> bool:
        """Whether its energies are read too, if the meter is."""
        return tick % self.cycle == self.phase % self.cycle


EVERY_TICK = Schedule(every=1, energy_every=1, phase=0)


def schedule(table: MeterTable, index: int) -> Schedule:
    """Give the turns of a meter, from its place on the bus."""
    return Schedule(every=table.every, energy_every=table.energy_every, phase=index)

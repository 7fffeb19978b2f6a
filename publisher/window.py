# SPDX-License-Identifier: Apache-2.0
"""Tumbling windows, aligned to the wall clock: what goes into one message.

Means are over the good samples, or each quantity is the last of them; energies are
always the last; what no sample had stays absent. A window without a good sample
gives nothing: no value is repeated.
"""

import msgspec

from ipc.sample import (
    ABSENT,
    ENERGY_ABSENT,
    FLOAT_COUNT,
    QUANTITIES,
    PhaseSequence,
    Quantity,
    Sample,
    is_present,
)
from ipc.units import NS_PER_S

FIRST_VALUE = len(Sample.__struct_fields__) - len(QUANTITIES)
POWER_INDEX = QUANTITIES.index(Quantity.POWER_W)


class Aggregate(msgspec.Struct, frozen=True, kw_only=True):
    """One window's values, in the order of QUANTITIES, absent as in a Sample.

    wall_ns   when the last of its samples was measured, UTC
    samples   how many good samples are in it
    """

    wall_ns: int
    samples: int
    phase_sequence: int
    values: tuple[float | int, ...]


def alone(sample: Sample) -> Aggregate:
    """Give what one good sample says by itself."""
    return Aggregate(
        wall_ns=sample.wall_ns,
        samples=1,
        phase_sequence=sample.phase_sequence,
        values=msgspec.structs.astuple(sample)[FIRST_VALUE:],
    )


class Window:
    """The open window of one meter. Feed it samples; it gives closed ones back.

    keeps_last  give the last of a quantity, not the mean
    """

    def __init__(self, *, window_s: float, keeps_last: bool = False) -> None:
        self._length_ns = round(window_s * NS_PER_S)
        self._keeps_last = keeps_last
        self._phase_sequence = int(PhaseSequence.UNKNOWN)
        self._number: int | None = None
        self._empty()

    def add(self, sample: Sample) -> Aggregate | None:
        """Take a good sample; give the window it closed, if it began another.

        The clock may be stepped either way: a sample of any other window closes
        the open one.
        """
        number = sample.wall_ns // self._length_ns
        closed = self.take() if number != self._number else None
        self._number = number
        values = msgspec.structs.astuple(sample)[FIRST_VALUE:]
        for index in range(FLOAT_COUNT):
            if not is_present(values[index]):
                continue
            if self._keeps_last:
                self._sums[index], self._counts[index] = values[index], 1
            else:
                self._sums[index] += values[index]
                self._counts[index] += 1
        for index, energy in enumerate(values[FLOAT_COUNT:]):
            if energy != ENERGY_ABSENT:
                self._energies[index] = energy
        self._wall_ns = sample.wall_ns
        self._samples += 1
        if sample.phase_sequence != PhaseSequence.UNKNOWN:
            self._phase_sequence = max(self._phase_sequence, sample.phase_sequence)
        return closed

    def close_by(self, wall_ns: int) -> Aggregate | None:
        """Give the open window if its time is over, else None."""
        if self._number is None or wall_ns // self._length_ns == self._number:
            return None
        return self.take()

    def take(self) -> Aggregate | None:
        """Give what is in the open window, whether or not its time is over."""
        if self._samples == 0:
            return None
        means = (
            total / count if count else absent
            for total, count, absent in zip(
                self._sums, self._counts, ABSENT, strict=False
            )
        )
        closed = Aggregate(
            wall_ns=self._wall_ns,
            samples=self._samples,
            phase_sequence=self._phase_sequence,
            values=(*means, *self._energies),
        )
        self._empty()
        return closed

    def _empty(self) -> None:
        self._number = None
        self._sums = [0.0] * FLOAT_COUNT
        self._counts = [0] * FLOAT_COUNT
        self._energies = list(ABSENT[FLOAT_COUNT:])
        self._wall_ns = 0
        self._samples = 0
        self._phase_sequence = int(PhaseSequence.UNKNOWN)

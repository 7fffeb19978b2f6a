# SPDX-License-Identifier: Apache-2.0
"""The clock of a BSM-WS36A: written as seldom as can be, for it wears the memory.

The meter wants it after power-up, when it has none, and then every 24 to 48 h.
"""

from collections.abc import Generator
from typing import Final

from ipc.commands import ClockTime
from ipc.units import NS_PER_S
from sampler import procedure
from sampler.operation import Heard, Operation, WriteTime
from sampler.procedure import refused
from sampler.signing.table import BauerTable
from sampler.signing.verbs import Steps
from sampler.signing.words import long_high_first, words

HOLDING: Final = 3

NO_EPOCH: Final = 0xFFFF_FFFF
"""SunSpec's "not available" of an unsigned number of 32 bits."""


class BsmClock:
    """Remembers when it was written last."""

    def __init__(self, table: BauerTable) -> None:
        self._table = table
        self._since_ns: int | None = None

    def epoch(self) -> Generator[Operation, Heard, int | None]:
        """Read UTC in seconds; None: it is not set."""
        epoch = yield from procedure.read_number(HOLDING, self._table.clock, 2)
        return None if epoch in (0, NO_EPOCH) else epoch

    def update(self, time: ClockTime) -> Steps:
        """Write it if it is wrong or old, and if we know better. ProcedureError."""
        if not time.is_synchronised:
            return
        is_right = yield from self._is_right(time)
        if self._since_ns is None and is_right:
            self._since_ns = time.mono_ns  # written by whoever was here before us
        age_ns = time.mono_ns - (self._since_ns or 0)
        if is_right and age_ns < self._table.clock_every_s * NS_PER_S:
            return
        zone = words(time.offset_min)
        both = WriteTime(
            address=self._table.clock,
            time=time,
            form=lambda utc_s: long_high_first(utc_s) + zone,
        )
        if not (yield from procedure.write_time(both, tries=4, pause_s=0.5)):
            raise refused("the meter refuses its clock")
        self._since_ns = time.mono_ns

    def _is_right(self, time: ClockTime) -> Generator[Operation, Heard, bool]:
        epoch = yield from self.epoch()
        zone = yield from procedure.read_number(HOLDING, self._table.clock + 2)
        if epoch is None or words(zone) != words(time.offset_min):
            return False
        return abs(epoch - time.utc_s) <= self._table.clock_drift_s

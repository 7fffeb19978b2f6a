# SPDX-License-Identifier: Apache-2.0
"""One meter on the bus: its blocks read, decoded, and made one sample."""

import msgspec

from ipc.clock import Clock
from ipc.config import MeterTable
from ipc.sample import PhaseSequence, Quality, Quantity, Sample
from ipc.units import NS_PER_US
from sampler.bus import Bus, Fault
from sampler.plan import Plan
from sampler.tick import Tick


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One sample, and what there is to say of it.

    fault        the fault that ended the reading, if one did
    implausible  quantities whose value could not be true
    """

    sample: Sample
    fault: Fault | None
    implausible: tuple[Quantity, ...]


class Meter:
    """Reads one meter: a hole is data too, so every tick gives a sample."""

    def __init__(
        self, *, index: int, table: MeterTable, plan: Plan, bus: Bus, clock: Clock
    ) -> None:
        self.table = table
        self._index = index
        self._plan = plan
        self._bus = bus
        self._clock = clock
        self._misses = 0

    def read(self, tick: Tick, *, lateness_us: int, overruns: int) -> Outcome:
        """Read all blocks; the sample's time is the middle of its operations."""
        start_ns = self._clock.monotonic_ns()
        answers, fault = self._read_blocks()
        end_ns = self._clock.monotonic_ns()
        decoded = self._plan.decode(answers)
        quality = fault.kind if fault else Quality.GOOD
        if decoded.implausible:
            quality |= Quality.IMPLAUSIBLE
        self._misses += quality is not Quality.GOOD
        half_ns = (end_ns - start_ns) // 2
        sample = Sample(
            self._index,
            int(quality),
            PhaseSequence.UNKNOWN,
            tick.number,
            self._clock.wall_ns() - half_ns,
            end_ns - half_ns,
            lateness_us,
            (end_ns - start_ns) // NS_PER_US,
            self._misses,
            overruns,
            *decoded.values,  # type: ignore[arg-type]  # QUANTITIES' order is the fields'
        )
        return Outcome(sample=sample, fault=fault, implausible=decoded.implausible)

    def _read_blocks(self) -> tuple[list[bytes | None], Fault | None]:
        """Read until a fault: behind it, a silent meter would only cost the bus time.

        A refusal does not end the reading: it came at once, and other blocks may do.
        """
        answers: list[bytes | None] = []
        fault: Fault | None = None
        for block in self._plan.blocks:
            if fault and fault.kind is not Quality.REFUSED:
                answers.append(None)
                continue
            answer = self._bus.read(self.table.unit_id, block)
            if isinstance(answer, Fault):
                fault = answer
                answers.append(None)
            else:
                answers.append(answer)
        return answers, fault

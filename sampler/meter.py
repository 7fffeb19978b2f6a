# SPDX-License-Identifier: Apache-2.0
"""One meter on the bus: its blocks read, its values judged, and made one sample."""

import msgspec

from ipc.clock import Clock
from ipc.config import MeterTable
from ipc.sample import ABSENT, QUANTITIES, PhaseSequence, Quality, Quantity, Sample
from ipc.units import NS_PER_US
from sampler.bus import Bus, Fault
from sampler.patience import Patience
from sampler.plan import Plan
from sampler.plausibility import Accepted, Gate
from sampler.reader import Lesson, Reader, Reading
from sampler.schedule import EVERY_TICK, Schedule
from sampler.tick import Tick

LARGEST_COUNT = 2**32 - 1
"""A sample's counts stop here: a meter absent for years must not end the sampler."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One sample, and what there is to say of it.

    fault        the last fault that left a hole, if one did
    implausible  quantities whose value could not be true
    accepted     counters that had jumped and have been steady since
    lesson       what is asked for instead of a block the meter does not give
    is_skipped   the meter was not asked: it has been silent, and others need the bus
    """

    sample: Sample
    fault: Fault | None
    implausible: tuple[Quantity, ...]
    accepted: tuple[Accepted, ...] = ()
    lesson: Lesson | None = None
    is_skipped: bool = False


class Meter:
    """Reads one meter: a hole is data too, so every tick of its gives a sample."""

    def __init__(
        self,
        *,
        index: int,
        table: MeterTable,
        plan: Plan,
        bus: Bus,
        clock: Clock,
        reader: Reader | None = None,
        schedule: Schedule = EVERY_TICK,
        gate: Gate | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Take the meter's plan; the rest is how to live with one that misbehaves."""
        self.table = table
        self.schedule = schedule
        self.patience = patience or Patience()
        self._index = index
        self._reader = reader or Reader(unit_id=table.unit_id, bus=bus, plan=plan)
        self._gate = gate or Gate({})
        self._clock = clock
        self._misses = 0
        self._silence = Fault(kind=Quality.TIMEOUT, detail="not asked yet")

    def read(self, tick: Tick, *, lateness_us: int, overruns: int) -> Outcome:
        """Read its blocks; the sample's time is the middle of its operations."""
        start_ns = self._clock.monotonic_ns()
        reading = self._reader.read(with_energy=self.schedule.has_energy(tick.number))
        end_ns = self._clock.monotonic_ns()
        self._consider(reading, end_ns)
        verdict = self._gate.judge(reading.values.values, mono_ns=end_ns)
        implausible = reading.values.implausible + verdict.implausible
        quality = reading.fault.kind if reading.fault else Quality.GOOD
        if implausible:
            quality |= Quality.IMPLAUSIBLE
        sample = self._sample(
            tick,
            quality=quality,
            values=_without(reading.values.values, verdict.implausible),
            span_ns=(start_ns, end_ns),
            lateness_us=lateness_us,
            overruns=overruns,
        )
        return Outcome(
            sample=sample,
            fault=reading.fault,
            implausible=implausible,
            accepted=verdict.accepted,
            lesson=reading.lesson,
        )

    @property
    def is_answering(self) -> bool:
        """Whether what it says next is the answer to what it is asked next."""
        return self.patience.failures == 0 and self._reader.is_in_step

    def doubt(self) -> None:
        """Take note that it may still owe an answer to somebody else's read."""
        self._reader.doubt()

    def skip(self, tick: Tick, *, lateness_us: int, overruns: int) -> Outcome:
        """Give the hole of a silent meter whose turn to be asked has not come."""
        now_ns = self._clock.monotonic_ns()
        fault = self._silence
        sample = self._sample(
            tick,
            quality=fault.kind,
            values=ABSENT,
            span_ns=(now_ns, now_ns),
            lateness_us=lateness_us,
            overruns=overruns,
        )
        return Outcome(sample=sample, fault=fault, implausible=(), is_skipped=True)

    def _consider(self, reading: Reading, now_ns: int) -> None:
        """Lose patience with a meter that says nothing, and with no other.

        Without a port no meter has been asked, and it costs the bus nothing.
        """
        if reading.answered:
            self.patience.answered()
        elif reading.fault and reading.fault.kind is not Quality.NO_PORT:
            self.patience.failed(now_ns)
            self._silence = reading.fault

    def _sample(
        self,
        tick: Tick,
        *,
        quality: Quality,
        values: tuple[float | int, ...],
        span_ns: tuple[int, int],
        lateness_us: int,
        overruns: int,
    ) -> Sample:
        self._misses += quality is not Quality.GOOD
        start_ns, end_ns = span_ns
        middle_ns = end_ns - (end_ns - start_ns) // 2
        return Sample(
            self._index,
            int(quality),
            PhaseSequence.UNKNOWN,
            tick.number,
            self._clock.wall_ns() - (self._clock.monotonic_ns() - middle_ns),
            middle_ns,
            min(lateness_us, LARGEST_COUNT),
            min((end_ns - start_ns) // NS_PER_US, LARGEST_COUNT),
            min(self._misses, LARGEST_COUNT),
            min(overruns, LARGEST_COUNT),
            *values,  # type: ignore[arg-type]  # QUANTITIES' order is the fields'
        )


def _without(
    values: tuple[float | int, ...], implausible: tuple[Quantity, ...]
) -> tuple[float | int, ...]:
    """Give the values with those that cannot be true left out."""
    if not implausible:
        return values
    kept = list(values)
    for quantity in implausible:
        index = QUANTITIES.index(quantity)
        kept[index] = ABSENT[index]
    return tuple(kept)

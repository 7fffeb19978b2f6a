# SPDX-License-Identifier: Apache-2.0
"""What powermeter-watch knows: per bus the writer, per meter the newest sample."""

from collections import deque
from pathlib import Path

import msgspec

from ipc.clock import Clock
from ipc.config import BusTable, Config, MeterTable
from ipc.liveness import WriterState, WriterStatus
from ipc.ring import BATCH, Start
from ipc.sample import QUANTITIES, Quality, Sample, is_present
from ipc.shm import SegmentReader
from ipc.units import NS_PER_S

RATE_OVER = 32
"""Samples of a meter over which its rate is taken."""

_MOST_READS = 1024
"""Reads of one look: more than the largest ring holds, so a fast writer ends it."""


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest sample of a meter.

    age_s        since its instant
    lateness_ms  how late its tick began; duration_ms: how long it took on the bus
    quality      why it is not good; empty if it is
    misses       samples that were not good, overruns: ticks missed, since the start
    values       the quantities that were measured, each in the unit its name ends in
    """

    age_s: float
    lateness_ms: float
    duration_ms: float
    quality: list[str]
    misses: int
    overruns: int
    values: dict[str, float | int]


class MeterReport(msgspec.Struct, frozen=True, kw_only=True):
    """One meter.

    problem  why it is not healthy, None if it is
    rate_hz  samples a second, good or not; None before the second one
    newest   None before the first one
    """

    meter: str
    problem: str | None
    rate_hz: float | None
    newest: Newest | None


class BusReport(msgspec.Struct, frozen=True, kw_only=True):
    """One bus: its writer, and what this reader lost.

    writer   None without a segment that can be read
    refused  why the file at the path is no segment of ours, None if it is
    """

    bus: str
    ring: str
    writer: WriterStatus | None
    refused: str | None
    lapped: int
    corrupt: int
    meters: list[MeterReport]

    @property
    def state(self) -> WriterState:
        """The writer's, MISSING included."""
        return self.writer.state if self.writer else WriterState.MISSING


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, at one instant."""

    healthy: bool
    buses: list[BusReport]


class MeterWatch:
    """Remembers a meter's newest samples."""

    def __init__(self, table: MeterTable) -> None:
        self._table = table
        self._newest: Sample | None = None
        self._newest_good_ns: int | None = None
        self._instants: deque[int] = deque(maxlen=RATE_OVER)

    def add(self, sample: Sample) -> None:
        """Take the next sample of this meter."""
        self._newest = sample
        self._instants.append(sample.mono_ns)
        if sample.is_good:
            self._newest_good_ns = sample.mono_ns

    def report(
        self, now_ns: int, *, writer: WriterState, fresh_s: float
    ) -> MeterReport:
        """Say how the meter is now."""
        return MeterReport(
            meter=self._table.name,
            problem=self._problem(now_ns, writer, fresh_s),
            rate_hz=self._rate_hz(),
            newest=_newest(self._newest, now_ns) if self._newest else None,
        )

    def _problem(self, now_ns: int, writer: WriterState, fresh_s: float) -> str | None:
        if writer is not WriterState.RUNNING:
            return f"sampler {writer}"
        if self._newest_good_ns is None:
            return "no good sample yet"
        if now_ns - self._newest_good_ns > fresh_s * NS_PER_S:
            return f"no good sample for {fresh_s:g} s"
        return None

    def _rate_hz(self) -> float | None:
        if len(self._instants) < 2:
            return None
        span_ns = self._instants[-1] - self._instants[0]
        return (len(self._instants) - 1) * NS_PER_S / span_ns if span_ns > 0 else None


class BusWatch:
    """Reads one ring and deals its samples out to the meters."""

    def __init__(self, table: BusTable, ring: SegmentReader, *, path: Path) -> None:
        self._table = table
        self._ring = ring
        self._path = path
        self._meters = [MeterWatch(meter) for meter in table.meter]

    def look(self, now_ns: int, *, fresh_s: float) -> BusReport:
        """Read all that is new and say how the bus is now."""
        for _ in range(_MOST_READS):
            samples = self._ring.read()
            for sample in samples:
                if sample.meter < len(self._meters):
                    self._meters[sample.meter].add(sample)
            if len(samples) < BATCH:
                break
        status = self._ring.status()
        state = status.state if status else WriterState.MISSING
        return BusReport(
            bus=self._table.name,
            ring=str(self._path),
            writer=status,
            refused=self._ring.reason,
            lapped=self._ring.lapped,
            corrupt=self._ring.corrupt,
            meters=[
                meter.report(now_ns, writer=state, fresh_s=fresh_s)
                for meter in self._meters
            ],
        )


class Watch:
    """Looks at every bus of a configuration. It only reads, and needs no broker."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._clock = clock
        self._fresh_s = config.publish.fresh_s
        self._rings: list[SegmentReader] = []
        self._buses: list[BusWatch] = []
        for table in config.bus:
            path = config.ring_path(table)
            # From the oldest sample on: so a single look has a rate to show.
            ring = SegmentReader(path, clock=clock, start=Start.OLDEST)
            self._rings.append(ring)
            self._buses.append(BusWatch(table, ring, path=path))

    def look(self) -> Report:
        """Read all that is new and say how everything is now."""
        now_ns = self._clock.monotonic_ns()
        buses = [bus.look(now_ns, fresh_s=self._fresh_s) for bus in self._buses]
        problems = [meter.problem for bus in buses for meter in bus.meters]
        return Report(healthy=not any(problems), buses=buses)

    def close(self) -> None:
        """Give the rings back."""
        for ring in self._rings:
            ring.close()


def _newest(sample: Sample, now_ns: int) -> Newest:
    values = {quantity.value: getattr(sample, quantity) for quantity in QUANTITIES}
    return Newest(
        age_s=(now_ns - sample.mono_ns) / NS_PER_S,
        lateness_ms=sample.lateness_us / 1000,
        duration_ms=sample.duration_us / 1000,
        quality=[str(flag.name).lower() for flag in Quality(sample.quality)],
        misses=sample.misses,
        overruns=sample.overruns,
        values={name: value for name, value in values.items() if is_present(value)},
    )

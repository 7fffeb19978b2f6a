# SPDX-License-Identifier: Apache-2.0
"""The look itself: rings and status files read, and one report made of them."""

from collections import deque
from pathlib import Path

from ipc.clock import Clock
from ipc.config import BusTable, Config, MeterTable
from ipc.liveness import WriterState
from ipc.ring import BATCH, Start
from ipc.sample import QUANTITIES, PhaseSequence, Quality, Sample, is_present
from ipc.shm import SegmentReader
from ipc.status import PublisherStatus, SamplerStatus
from ipc.units import NS_PER_S
from ipc.watch.report import (
    BusReport,
    MeterReport,
    Newest,
    PublisherReport,
    PublisherState,
    Report,
)
from ipc.watch.statuses import read
from ipc.watch.ticks import Ticks

RATE_OVER = 32
"""Samples of a meter over which its rate is taken."""

PATIENCE_S = 60.0
"""With a publisher that says nothing. Its steps are seconds apart, half of fresh_s at
most, but an attempt to connect may block: 30 s if no name server answers
(resolv.conf(5): three of them, 5 s, twice)."""

_MOST_READS = 1024
"""Reads of one look: more than the largest ring holds, so a fast writer ends it."""


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
        good_ns = self._newest_good_ns
        return MeterReport(
            meter=self._table.name,
            model=self._table.model,
            unit_id=self._table.unit_id,
            problem=self._problem(now_ns, writer, fresh_s),
            rate_hz=self._rate_hz(),
            good_age_s=None if good_ns is None else (now_ns - good_ns) / NS_PER_S,
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

    def __init__(
        self, table: BusTable, ring: SegmentReader, *, path: Path, status: Path
    ) -> None:
        self._table = table
        self._ring = ring
        self._path = path
        self._status = status
        self._ticks = Ticks(period_s=1 / table.rate_hz)
        self._meters = [MeterWatch(meter) for meter in table.meter]

    def look(self, now_ns: int, *, fresh_s: float) -> BusReport:
        """Read all that is new and say how the bus is now."""
        self._read()
        table, writer = self._table, self._ring.status()
        state = writer.state if writer else WriterState.MISSING
        found = read(self._status, SamplerStatus)
        return BusReport(
            bus=table.name,
            port=table.port,
            baudrate=table.baudrate,
            rate_hz=table.rate_hz,
            ring=str(self._path),
            writer=writer,
            refused=self._ring.reason,
            lapped=self._ring.lapped,
            corrupt=self._ring.corrupt,
            spread=self._ticks.spread(now_ns),
            status=found.status,
            unread=found.reason,
            meters=[
                meter.report(now_ns, writer=state, fresh_s=fresh_s)
                for meter in self._meters
            ],
        )

    def _read(self) -> None:
        for _ in range(_MOST_READS):
            samples = self._ring.read()
            for sample in samples:
                self._ticks.add(sample)
                if sample.meter < len(self._meters):
                    self._meters[sample.meter].add(sample)
            if len(samples) < BATCH:
                break


class Watch:
    """Looks at every bus of a configuration. It only reads, and needs no broker."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._clock = clock
        self._fresh_s = config.publish.fresh_s
        self._publisher = config.publisher_status_path()
        self._rings: list[SegmentReader] = []
        self._buses: list[BusWatch] = []
        for table in config.bus:
            path = config.ring_path(table)
            status = config.sampler_status_path(table)
            # From the oldest sample on: so a single look has a rate to show.
            ring = SegmentReader(path, clock=clock, start=Start.OLDEST)
            self._rings.append(ring)
            self._buses.append(BusWatch(table, ring, path=path, status=status))

    def look(self) -> Report:
        """Read all that is new and say how everything is now."""
        now_ns, fresh_s = self._clock.monotonic_ns(), self._fresh_s
        buses = [bus.look(now_ns, fresh_s=fresh_s) for bus in self._buses]
        problems = [meter.problem for bus in buses for meter in bus.meters]
        return Report(
            healthy=not any(problems),
            mono_ns=now_ns,
            wall_ns=self._clock.wall_ns(),
            buses=buses,
            publisher=_publisher(self._publisher, now_ns),
        )

    def close(self) -> None:
        """Give the rings back."""
        for ring in self._rings:
            ring.close()


def _publisher(path: Path, now_ns: int) -> PublisherReport:
    """Judge it by its newest stamp.

    One from the future was left from before the machine was restarted.
    """
    found = read(path, PublisherStatus)
    if found.status is None:
        state = PublisherState.UNREADABLE if found.reason else PublisherState.MISSING
        return PublisherReport(
            state=state, age_s=None, status=None, unread=found.reason
        )
    age_s = (now_ns - found.status.stamp.mono_ns) / NS_PER_S
    # It may be written between our look at the clock and at the file.
    is_live = -1 < age_s <= PATIENCE_S
    return PublisherReport(
        state=PublisherState.RUNNING if is_live else PublisherState.SILENT,
        age_s=age_s,
        status=found.status,
        unread=None,
    )


def _newest(sample: Sample, now_ns: int) -> Newest:
    values = {quantity.value: getattr(sample, quantity) for quantity in QUANTITIES}
    sequence = sample.phase_sequence
    is_known = sequence in (PhaseSequence.RIGHT, PhaseSequence.WRONG)
    return Newest(
        age_s=(now_ns - sample.mono_ns) / NS_PER_S,
        lateness_ms=sample.lateness_us / 1000,
        duration_ms=sample.duration_us / 1000,
        quality=[str(flag.name).lower() for flag in Quality(sample.quality)],
        misses=sample.misses,
        overruns=sample.overruns,
        phase_sequence=sequence == PhaseSequence.RIGHT if is_known else None,
        values={name: value for name, value in values.items() if is_present(value)},
    )

# SPDX-License-Identifier: Apache-2.0
"""What the sampler of one bus says of itself to powermeter-watch.

Per tick it costs a few counters; once a second, after the tick's samples are in the
ring, one small file on a tmpfs.
"""

from ipc.histogram import Histogram
from ipc.sample import Quality
from ipc.status import (
    MOST_ROWS,
    MeterCounts,
    SamplerStatus,
    TimetableRow,
    Troubles,
)
from ipc.statusfile import StatusFile
from ipc.units import NS_PER_S, NS_PER_US
from sampler.check import BusPlan
from sampler.meter import Meter, Outcome
from sampler.timetable import Timetable

US_PER_S = NS_PER_S // NS_PER_US

LATENESS_S = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
"""Bounds of the classes: from a timer's usual slack to half a period at 1 Hz."""


class Status:
    """Counts what the loop tells; writes it once a second."""

    def __init__(self, planned: BusPlan, *, file: StatusFile) -> None:
        self._file = file
        self._port = planned.table.port
        self._period_s = 1 / planned.table.rate_hz
        self._worst_s = planned.tick_s
        self._timetable = _rows(planned.timetable)
        self._meters = {
            meter.table.name: MeterCounts(
                meter=meter.table.name, planned_s=meter.read_s
            )
            for meter in planned.meters
        }
        self._lateness = Histogram.of(*LATENESS_S)
        self._ticks = 0
        self._missed = 0
        self._port_is_open: bool | None = None
        self._procedure: str | None = None
        self._troubles = Troubles()

    def outcome(self, meter: Meter, outcome: Outcome) -> None:
        """Count one sample: a skipped one says nothing new of meter or port."""
        counts = self._meters[meter.table.name]
        if outcome.is_skipped:
            counts.skipped += 1
            return
        duration_s = outcome.sample.duration_us / US_PER_S
        counts.busy_s += duration_s
        counts.longest_s = max(counts.longest_s, duration_s)
        self._port_is_open = not outcome.sample.quality & Quality.NO_PORT
        if outcome.sample.is_good:
            counts.good += 1
        else:
            counts.bad += 1
            self._fault(counts, outcome)

    def tick(self, *, lateness_us: int, missed: int) -> None:
        """Count one tick, the last thing of it; write if a second has passed."""
        self._ticks += 1
        self._missed += missed
        self._lateness.observe(lateness_us / US_PER_S)
        if self._file.is_due:
            self._write()

    def procedure(self, what: str | None) -> None:
        """Take note of what is done for a transaction between the ticks."""
        self._procedure = what

    def close(self) -> None:
        """Take the file away: the sampler ends."""
        self._file.close()

    def _fault(self, counts: MeterCounts, outcome: Outcome) -> None:
        for flag in Quality(outcome.sample.quality):
            kind = str(flag.name).lower()
            counts.faults[kind] = counts.faults.get(kind, 0) + 1
            if flag is Quality.IMPLAUSIBLE:
                values = (quantity.value for quantity in outcome.implausible)
                detail = ", ".join(values)
            else:
                detail = outcome.fault.detail if outcome.fault else ""
            wall_ns = outcome.sample.wall_ns
            self._troubles.add(counts.meter, kind, detail, wall_ns=wall_ns)

    def _write(self) -> None:
        status = SamplerStatus(
            stamp=self._file.stamp(),
            port=self._port,
            port_is_open=self._port_is_open,
            period_s=self._period_s,
            worst_s=self._worst_s,
            timetable=self._timetable,
            ticks=self._ticks,
            missed=self._missed,
            lateness=self._lateness,
            procedure=self._procedure,
            meters=list(self._meters.values()),
            troubles=self._troubles.newest(),
        )
        self._file.write(status)


def _rows(timetable: Timetable) -> list[TimetableRow]:
    rows = sorted(timetable.rows, key=lambda row: -row.wire_s)[:MOST_ROWS]
    return [
        TimetableRow(
            what=", ".join(row.what) or "nothing",
            share=row.ticks / timetable.cycle,
            wire_s=row.wire_s,
        )
        for row in rows
    ]

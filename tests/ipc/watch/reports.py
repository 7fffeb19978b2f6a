# SPDX-License-Identifier: Apache-2.0
"""A station as powermeter-watch sees it: one bus, two meters, one of them ill."""

from typing import Any

from msgspec.structs import replace

from ipc.histogram import Histogram
from ipc.liveness import WriterState, WriterStatus
from ipc.status import (
    BrokerStatus,
    JournalStatus,
    MeterCounts,
    ModuleStatus,
    PublishedMeter,
    PublisherStatus,
    SamplerStatus,
    Stamp,
    TimetableRow,
    Trouble,
)
from ipc.units import NS_PER_S
from ipc.watch.report import (
    BusReport,
    MeterReport,
    Newest,
    PublisherReport,
    PublisherState,
    Report,
)
from ipc.watch.ticks import Spread

MONO_NS = 5000 * NS_PER_S
WALL_NS = 1_787_306_400 * NS_PER_S
"""2026-08-21 10:00:00 UTC."""

STAMP = Stamp(pid=795, started_ns=WALL_NS - 3600 * NS_PER_S, mono_ns=MONO_NS)

VALUES = {
    **{f"voltage_l{phase}_v": 227.0 + phase for phase in (1, 2, 3)},
    **{f"current_l{phase}_a": 15.5 + phase / 10 for phase in (1, 2, 3)},
    **{f"power_l{phase}_w": 3600.0 + phase for phase in (1, 2, 3)},
    **{f"reactive_power_l{phase}_var": 136.0 + phase for phase in (1, 2, 3)},
    **{f"energy_import_l{phase}_mwh": 213_447_052 + phase for phase in (1, 2, 3)},
    "current_n_a": 0.12,
    "frequency_l1_hz": 50.02,
    "power_w": 10_958.2,
    "reactive_power_var": 485.9,
    "energy_import_mwh": 593_291_077,
    "energy_export_mwh": 22_729_000,
}


def newest(**changes: Any) -> Newest:
    made = Newest(
        age_s=0.1,
        lateness_ms=0.16,
        duration_ms=68.0,
        quality=[],
        misses=0,
        overruns=0,
        phase_sequence=True,
        values=VALUES,
    )
    return replace(made, **changes)


def meter(**changes: Any) -> MeterReport:
    made = MeterReport(
        meter="charger-1",
        model="eastron_sdm630",
        unit_id=1,
        problem=None,
        rate_hz=5.0,
        good_age_s=0.1,
        newest=newest(),
    )
    return replace(made, **changes)


def lateness() -> Histogram:
    made = Histogram.of(0.001, 0.01)
    for duration_s in (0.0004, 0.0004, 0.002):
        made.observe(duration_s)
    return made


def sampler_status(**changes: Any) -> SamplerStatus:
    made = SamplerStatus(
        stamp=STAMP,
        port="/dev/ttyUSB0",
        port_is_open=True,
        period_s=0.2,
        worst_s=0.12,
        timetable=[
            TimetableRow(what="charger-1, grid", share=0.25, wire_s=0.12),
            TimetableRow(what="charger-1", share=0.75, wire_s=0.06),
        ],
        ticks=18_000,
        missed=2,
        lateness=lateness(),
        procedure=None,
        meters=[
            MeterCounts(
                meter="charger-1",
                planned_s=0.06,
                good=17_990,
                bad=10,
                faults={"timeout": 7, "garbled": 3},
                busy_s=1224.0,
                longest_s=0.4,
            ),
            MeterCounts(meter="grid", planned_s=0.06),
        ],
        troubles=[
            Trouble(
                meter="charger-1",
                kind="timeout",
                detail="no answer within 0.3 s",
                count=7,
                first_ns=WALL_NS - 3000 * NS_PER_S,
                last_ns=WALL_NS - 60 * NS_PER_S,
            )
        ],
    )
    return replace(made, **changes)


def bus(**changes: Any) -> BusReport:
    made = BusReport(
        bus="rs485",
        port="/dev/ttyUSB0",
        baudrate=38_400,
        rate_hz=5.0,
        ring="/run/powermeter/rs485.ring",
        writer=WriterStatus(
            state=WriterState.RUNNING,
            sequence=36_000,
            epoch=3,
            pid=795,
            started_ns=STAMP.started_ns,
            beat_age_ns=NS_PER_S // 5,
        ),
        refused=None,
        lapped=0,
        corrupt=0,
        spread=Spread(
            ticks=300,
            median_ms=0.16,
            p99_ms=0.9,
            worst_ms=2.4,
            in_use=0.61,
            fullest=0.71,
        ),
        status=sampler_status(),
        unread=None,
        meters=[
            meter(),
            meter(
                meter="grid",
                unit_id=2,
                problem="no good sample yet",
                good_age_s=None,
                newest=newest(quality=["timeout"], values={}, phase_sequence=None),
            ),
        ],
    )
    return replace(made, **changes)


def published(name: str = "charger-1", **changes: Any) -> PublishedMeter:
    made = PublishedMeter(
        meter=name,
        module=ModuleStatus(
            module_id=f"pm_{name}",
            is_found=True,
            heard_ns=MONO_NS - NS_PER_S // 2,
            restarts=1,
        ),
        reason="",
        since_ns=WALL_NS - 7200 * NS_PER_S,
        published=3590,
        incomplete=0,
        dropped=4,
        transaction="b7a1-42",
        transactions={"begun": 3, "ended": 2},
        requests={"start": 3, "stop": 2},
        replies={"ok": 5},
    )
    return replace(made, **changes)


def publisher_status(**changes: Any) -> PublisherStatus:
    made = PublisherStatus(
        stamp=STAMP,
        broker=BrokerStatus(
            address="localhost:1883",
            connected=True,
            connections=2,
            refused=0,
            waiting=0,
        ),
        samples=36_000,
        lapped=0,
        reply_latency=lateness(),
        meters=[
            published(),
            published(
                "grid",
                reason="no good sample yet",
                transaction=None,
                transactions={},
                requests={},
                replies={},
                module=ModuleStatus(
                    module_id="pm_grid", is_found=False, heard_ns=None, restarts=0
                ),
            ),
        ],
        journal=JournalStatus(
            path="/var/lib/powermeter/journal.db",
            reason="",
            size_bytes=45_056,
            next_pagination=43,
        ),
        troubles=[
            Trouble(
                meter=None,
                kind="journal_unwritable",
                detail="the disk is full: make room",
                count=1,
                first_ns=WALL_NS - 90_000 * NS_PER_S,
                last_ns=WALL_NS - 90_000 * NS_PER_S,
            )
        ],
    )
    return replace(made, **changes)


def publisher(**changes: Any) -> PublisherReport:
    made = PublisherReport(
        state=PublisherState.RUNNING,
        age_s=0.4,
        status=publisher_status(),
        unread=None,
    )
    return replace(made, **changes)


def report(**changes: Any) -> Report:
    made = Report(
        healthy=False,
        mono_ns=MONO_NS,
        wall_ns=WALL_NS,
        buses=[bus()],
        publisher=publisher(),
    )
    return replace(made, **changes)

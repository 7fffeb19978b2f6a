# SPDX-License-Identifier: Apache-2.0
"""What can be seen without a broker."""

import pytest

from ipc.config import BusTable, MeterTable, SigningTable
from ipc.liveness import WriterState, WriterStatus
from ipc.watch.report import BusReport, MeterReport, Newest
from publisher import keys
from publisher.ecdsa import SigningKey
from publisher.live import station
from publisher.live.finding import Verdict
from publisher.record import Curve

BUS = BusTable(
    name="b1",
    port="/dev/ttyUSB0",
    meter=[MeterTable(name="m1", model="x", unit_id=1, module_id="pm_1")],
)


def newest(**change):
    values = {
        "age_s": 0.1,
        "lateness_ms": 0.1,
        "duration_ms": 300.0,
        "quality": [],
        "misses": 0,
        "overruns": 0,
        "phase_sequence": None,
        "values": {},
    }
    return Newest(**(values | change))


def report(*, state=WriterState.RUNNING, refused=None, problem=None, one=None):
    status = WriterStatus(
        state=state, sequence=9, epoch=1, pid=7, started_ns=0, beat_age_ns=0
    )
    meter = MeterReport(
        meter="m1",
        model="x",
        unit_id=1,
        problem=problem,
        rate_hz=1.0,
        good_age_s=None,
        newest=one,
    )
    return BusReport(
        bus="b1",
        port="/dev/ttyUSB0",
        baudrate=9600,
        rate_hz=1.0,
        spread=None,
        status=None,
        unread=None,
        ring="/run/powermeter/b1.ring",
        writer=None if state is WriterState.MISSING else status,
        refused=refused,
        lapped=0,
        corrupt=0,
        meters=[meter],
    )


def found(**seen):
    bus, meter = station.meters(BUS, report(**seen))
    return bus, meter


def test_a_bus_that_is_read_tells_how_much_of_its_time_it_is_in_use():
    bus, meter = found(one=newest())

    assert (bus.verdict, meter.verdict) == (Verdict.OK, Verdict.OK)
    assert "30%" in bus.detail
    assert "1 a second" in meter.detail


@pytest.mark.parametrize("change", [{"duration_ms": 950.0}, {"overruns": 3}])
def test_a_bus_that_is_too_busy_is_a_warning(change):
    bus, _ = found(one=newest(**change))

    assert bus.verdict is Verdict.WARNING
    assert "lower rate_hz" in bus.remedy


@pytest.mark.parametrize(
    "state", [WriterState.MISSING, WriterState.LEFT, WriterState.DEAD]
)
def test_without_its_sampler_nothing_is_known_of_a_meter(state):
    bus, meter = found(state=state)

    assert bus.verdict is Verdict.FAILED
    assert "powermeter-sampler run" in bus.remedy
    assert meter.verdict is Verdict.UNKNOWN


def test_a_sampler_that_hangs_is_to_be_restarted():
    bus, _ = found(state=WriterState.SILENT)

    assert "restart it" in bus.remedy


def test_a_segment_of_another_release_is_told_as_such():
    bus, _ = found(state=WriterState.MISSING, refused="layout version 7, not 1")

    assert "layout version 7" in bus.detail
    assert "one release" in bus.remedy


def test_a_meter_that_does_not_answer_is_told_with_the_reason():
    _, meter = found(problem="no good sample yet", one=newest(quality=["timeout"]))

    assert meter.verdict is Verdict.FAILED
    assert meter.detail == "no good sample yet (timeout)"


def test_a_clock_that_nobody_sets_is_a_warning():
    assert station.clock(is_synchronised=True).verdict is Verdict.OK
    assert station.clock(is_synchronised=False).verdict is Verdict.WARNING


def test_a_key_that_can_sign_is_told_by_the_end_of_its_public_key():
    made = SigningKey.generate(Curve.SECP256R1)

    there = station.key(lambda: made)

    assert there.verdict is Verdict.OK
    assert made.public.hex[-8:] in there.detail


def test_without_a_key_the_remedy_is_to_make_one():
    there = station.key(lambda: keys.configured(SigningTable(), {}))

    assert there.verdict is Verdict.FAILED
    assert "keygen" in there.remedy


def test_a_disk_with_room_is_right(tmp_path):
    assert station.disk(tmp_path / "journal.db").verdict is Verdict.OK


def test_a_directory_that_is_not_there_is_told(tmp_path):
    there = station.disk(tmp_path / "no" / "journal.db")

    assert there.verdict is Verdict.FAILED
    assert "no such directory" in there.detail


def test_a_full_disk_is_told(tmp_path):
    there = station.disk(tmp_path / "journal.db", lambda _: 4096)

    assert there.verdict is Verdict.FAILED
    assert "4 KiB left" in there.detail

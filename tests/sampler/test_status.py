# SPDX-License-Identifier: Apache-2.0
"""What the sampler says of itself to powermeter-watch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ipc.config import BusTable, MeterTable
from ipc.sample import Quality, Quantity
from ipc.status import MOST_ROWS, SamplerStatus
from ipc.statusfile import StatusFile
from ipc.units import NS_PER_S
from ipc.watch.statuses import read
from sampler.check import plan_bus
from sampler.fault import Fault
from sampler.meter import Meter, Outcome
from sampler.plan import Plan
from sampler.status import Status
from tests.fakes import FakeBus, FakeClock, FakeLog, sample_of

KINDS = (Quality.TIMEOUT, Quality.GARBLED, Quality.REFUSED, Quality.NO_PORT)


def table(name, unit_id):
    return MeterTable(
        name=name, model="eastron_sdm630", unit_id=unit_id, module_id=f"pm_{name}"
    )


TABLES = [table("left", 1), table("right", 2)]
BUS = BusTable(name="line", port="/dev/ttyX", meter=TABLES, baudrate=38_400, rate_hz=4)
PLANNED = plan_bus(BUS)


class Case:
    def __init__(self, directory):
        self.clock = FakeClock()
        self.path = directory / "line.sampler.json"
        file = StatusFile(self.path, clock=self.clock, log=FakeLog())
        self.status = Status(PLANNED, file=file)
        self.meters = [
            Meter(
                index=index,
                table=each,
                plan=Plan(blocks=(), decoders=()),
                bus=FakeBus(self.clock, lambda *_: b""),
                clock=self.clock,
            )
            for index, each in enumerate(TABLES)
        ]

    def tick(self, *outcomes, lateness_us=100, missed=0):
        """Do one tick with an outcome for each meter, in their order."""
        self.clock.advance(0.25)
        for meter, outcome in zip(self.meters, outcomes, strict=False):
            self.status.outcome(meter, outcome)
        self.status.tick(lateness_us=lateness_us, missed=missed)

    def told(self) -> SamplerStatus:
        """Give what is written once a second has passed."""
        self.clock.advance(1)
        self.status.tick(lateness_us=0, missed=0)
        found = read(self.path, SamplerStatus)
        assert found.status
        return found.status


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def outcome_of(kind=Quality.GOOD, *, duration_us=60_000, implausible=(), **more):
    quality = kind | (Quality.IMPLAUSIBLE if implausible else 0)
    fault = Fault(kind=kind, detail=f"why {kind}") if kind else None
    sample = replace(sample_of(quality=quality), duration_us=duration_us)
    return Outcome(sample=sample, fault=fault, implausible=implausible, **more)


def test_the_plan_is_told_from_the_start(case):
    told = case.told()
    assert (told.port, told.period_s) == ("/dev/ttyX", 0.25)
    assert told.worst_s == PLANNED.tick_s
    assert [each.meter for each in told.meters] == ["left", "right"]
    assert told.meters[0].planned_s == PLANNED.meters[0].read_s
    assert told.port_is_open is None
    [row] = told.timetable
    assert (row.what, row.share, row.wire_s) == ("left, right", 1.0, PLANNED.tick_s)


def test_of_a_long_timetable_the_fullest_rows_are_told(tmp_path):
    tables = [replace(table(f"m{n}", n), every=n) for n in range(2, 7)]
    planned = plan_bus(replace(BUS, meter=tables, rate_hz=1))
    path = tmp_path / "long.sampler.json"
    file = StatusFile(path, clock=FakeClock(), log=FakeLog())
    Status(planned, file=file).tick(lateness_us=0, missed=0)
    rows = read(path, SamplerStatus).status.timetable
    assert len(rows) == MOST_ROWS < len(planned.timetable.rows)
    wire_s = [row.wire_s for row in rows]
    assert wire_s == sorted(wire_s, reverse=True)
    assert wire_s[0] == planned.tick_s
    assert 0 < sum(row.share for row in rows) < 1


@given(st.lists(st.sampled_from((Quality.GOOD, *KINDS)), max_size=30))
def test_every_sample_is_counted_once_by_what_it_is(tmp_path_factory, kinds):
    case = Case(tmp_path_factory.getbasetemp())
    for kind in kinds:
        case.tick(outcome_of(kind))
    [left, right] = case.told().meters
    assert left.good == kinds.count(Quality.GOOD)
    assert left.bad == len(kinds) - left.good
    assert left.faults == {
        str(kind.name).lower(): kinds.count(kind) for kind in KINDS if kind in kinds
    }
    assert (right.good, right.bad, right.faults) == (0, 0, {})


def test_a_sample_with_two_faults_counts_in_both_and_once_as_bad(case):
    case.tick(outcome_of(Quality.TIMEOUT, implausible=(Quantity.POWER_W,)))
    told = case.told()
    assert told.meters[0].faults == {"timeout": 1, "implausible": 1}
    assert told.meters[0].bad == 1
    assert {each.kind: each.detail for each in told.troubles} == {
        "timeout": f"why {Quality.TIMEOUT}",
        "implausible": "power_w",
    }


def test_a_skipped_sample_is_no_fault_and_takes_no_time(case):
    case.tick(outcome_of(Quality.TIMEOUT, is_skipped=True))
    told = case.told()
    left = told.meters[0]
    assert (left.skipped, left.good, left.bad, left.busy_s) == (1, 0, 0, 0)
    assert told.troubles == []
    assert told.port_is_open is None


def test_the_time_on_the_bus_adds_up_and_the_longest_is_kept(case):
    for duration_us in (60_000, 300_000, 50_000):
        case.tick(outcome_of(duration_us=duration_us))
    left = case.told().meters[0]
    assert left.busy_s == pytest.approx(0.41)
    assert left.longest_s == pytest.approx(0.3)


def test_the_port_is_what_the_newest_sample_says(case):
    case.tick(outcome_of(Quality.NO_PORT))
    assert case.told().port_is_open is False
    case.tick(outcome_of(Quality.TIMEOUT))
    assert case.told().port_is_open is True


def test_ticks_and_their_lateness_are_counted(case):
    for lateness_us in (80, 300, 700_000):
        case.tick(lateness_us=lateness_us, missed=2)
    told = case.told()
    assert (told.ticks, told.missed) == (4, 6)
    assert told.lateness.total == 4
    assert told.lateness.counts[-1] == 1
    assert told.lateness.sum_s == pytest.approx(0.70038)


def test_a_trouble_has_the_time_of_its_sample(case):
    case.tick(outcome_of(Quality.GARBLED))
    [trouble] = case.told().troubles
    assert trouble.meter == "left"
    assert trouble.last_ns == sample_of().wall_ns


def test_it_is_written_at_most_once_a_second(case):
    case.tick()
    first = case.path.stat().st_ino
    for _ in range(3):
        case.tick()
        assert case.path.stat().st_ino == first
    case.tick()
    told = read(case.path, SamplerStatus).status
    assert told.ticks == 5
    assert told.stamp.mono_ns == round(1.25 * NS_PER_S)


def test_what_is_done_for_a_transaction_is_told_while_it_is_done(case):
    case.status.procedure("left: read record")
    assert case.told().procedure == "left: read record"
    case.status.procedure(None)
    assert case.told().procedure is None


def test_who_ends_leaves_no_file(case):
    case.tick()
    case.status.close()
    assert not case.path.exists()

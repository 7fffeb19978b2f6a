# SPDX-License-Identifier: Apache-2.0
"""What powermeter-watch makes of the rings and of the status files."""

import contextlib

import pytest
from msgspec.structs import replace

from ipc.config import BusTable, Config, MeterTable, RingTable
from ipc.liveness import SILENT_AFTER_NS, WriterState
from ipc.sample import ABSENT, PhaseSequence, Quality, Sample
from ipc.shm import SegmentWriter
from ipc.status import Stamp
from ipc.statusfile import StatusFile
from ipc.units import NS_PER_S
from ipc.watch.lines import lines
from ipc.watch.look import PATIENCE_S, RATE_OVER, Watch
from ipc.watch.report import PublisherState
from tests.fakes import FakeClock, FakeLog
from tests.ipc.rings import abandon
from tests.ipc.watch import reports

PERIOD_NS = NS_PER_S // 5


def meter(name, unit_id):
    return MeterTable(
        name=name, model="any", unit_id=unit_id, module_id=f"module_{name}"
    )


@pytest.fixture
def clock():
    return FakeClock(mono_ns=1000 * NS_PER_S)


@pytest.fixture
def config(tmp_path):
    meters = [meter("grid", 1), meter("car[1]", 2)]
    bus = BusTable(name="line", port="/dev/null", meter=meters, rate_hz=5)
    return Config(bus=[bus], ring=RingTable(directory=str(tmp_path), capacity=64))


@pytest.fixture
def writer(config, clock):
    path = config.ring_path(config.bus[0])
    with SegmentWriter.open(path, capacity=64, clock=clock) as writer:
        yield writer


@pytest.fixture
def watch(config, clock):
    with contextlib.closing(Watch(config, clock)) as watch:
        yield watch


def sample(clock, index=0, quality=Quality.GOOD, **values):
    now_ns = clock.monotonic_ns()
    good = Sample(
        index, quality, PhaseSequence.RIGHT, 0, 0, now_ns, 250, 68_000, 3, 1, *ABSENT
    )
    return replace(good, **values)


def write_both(writer, clock, times=1):
    for _ in range(times):
        clock.mono_ns += PERIOD_NS
        for index in (0, 1):
            writer.write(sample(clock, index))
        writer.beat()


def test_all_is_well_when_every_meter_has_a_fresh_good_sample(writer, watch, clock):
    write_both(writer, clock)
    report = watch.look()

    assert report.healthy
    assert [meter.problem for meter in report.buses[0].meters] == [None, None]
    assert report.buses[0].state is WriterState.RUNNING


def test_one_meter_that_is_not_well_is_enough(writer, watch, clock):
    writer.write(sample(clock, 0))
    report = watch.look()

    assert not report.healthy
    assert [meter.problem for meter in report.buses[0].meters] == [
        None,
        "no good sample yet",
    ]


def test_without_a_segment_nothing_is_well_and_nothing_fails(watch):
    [bus] = watch.look().buses

    assert (bus.state, bus.writer, bus.refused) == (WriterState.MISSING, None, None)
    assert [meter.problem for meter in bus.meters] == ["sampler missing"] * 2


def test_a_file_that_is_no_segment_is_told(config, watch):
    config.ring_path(config.bus[0]).write_text("something else")
    report = watch.look()

    assert "not a ring" in report.buses[0].refused
    assert "refused: not a ring" in next(lines(report))


def test_a_sampler_that_left_died_or_hangs_is_not_well(writer, watch, clock):
    write_both(writer, clock)
    clock.mono_ns += SILENT_AFTER_NS + 1
    assert watch.look().buses[0].meters[0].problem == "sampler silent"
    abandon(writer)
    assert watch.look().buses[0].meters[0].problem == "sampler dead"


def test_good_samples_that_stop_coming_are_noticed(writer, watch, clock):
    write_both(writer, clock)
    clock.mono_ns += 3 * NS_PER_S
    writer.beat()
    for index in (0, 1):
        writer.write(sample(clock, index, Quality.TIMEOUT | Quality.GARBLED))
    assert watch.look().healthy

    clock.mono_ns += 1

    [first, _] = watch.look().buses[0].meters
    assert first.problem == "no good sample for 3 s"
    assert first.newest.quality == ["timeout", "garbled"]


def test_what_is_shown_is_the_newest_sample(writer, watch, clock):
    writer.write(sample(clock, power_w=1.0))
    writer.write(sample(clock, power_w=2.5, energy_import_mwh=7))
    clock.mono_ns += 400_000_000
    newest = watch.look().buses[0].meters[0].newest

    assert newest.values == {"power_w": 2.5, "energy_import_mwh": 7}
    assert (newest.age_s, newest.lateness_ms, newest.duration_ms) == (0.4, 0.25, 68.0)
    assert (newest.misses, newest.overruns, newest.quality) == (3, 1, [])


def test_a_single_look_at_a_ring_in_use_has_a_rate(writer, config, clock):
    write_both(writer, clock, times=10)
    with contextlib.closing(Watch(config, clock)) as late:
        meters = late.look().buses[0].meters

    assert [meter.rate_hz for meter in meters] == [5.0, 5.0]


def test_the_rate_follows_the_newest_samples(writer, watch, clock):
    write_both(writer, clock, times=20)
    watch.look()
    for _ in range(RATE_OVER):
        clock.mono_ns += NS_PER_S
        writer.write(sample(clock))

    assert watch.look().buses[0].meters[0].rate_hz == 1.0


def test_one_sample_has_no_rate_yet(writer, watch, clock):
    writer.write(sample(clock))

    assert watch.look().buses[0].meters[0].rate_hz is None


def test_a_watch_that_was_lapped_says_so(writer, watch, clock):
    write_both(writer, clock, times=200)

    assert watch.look().buses[0].lapped > 300


def test_a_sample_of_a_meter_that_is_not_configured_is_passed_over(
    writer, watch, clock
):
    writer.write(sample(clock, index=2))
    writer.write(sample(clock, index=1))

    assert watch.look().buses[0].meters[1].problem is None


def test_a_phase_sequence_is_told_if_the_meter_knows_it(writer, watch, clock):
    for sequence, told in (
        (PhaseSequence.RIGHT, True),
        (PhaseSequence.WRONG, False),
        (PhaseSequence.UNKNOWN, None),
    ):
        writer.write(sample(clock, phase_sequence=sequence))
        assert watch.look().buses[0].meters[0].newest.phase_sequence is told


def test_the_spread_is_of_ticks_and_not_of_samples(writer, watch, clock):
    for tick in range(10):
        clock.mono_ns += PERIOD_NS
        for index in (0, 1):
            writer.write(sample(clock, index, tick=tick, duration_us=20_000))
    spread = watch.look().buses[0].spread

    assert spread.ticks == 10
    assert spread.fullest == pytest.approx(0.2)
    assert spread.in_use == pytest.approx(0.2)


def stamp(clock):
    return Stamp(pid=7, started_ns=0, mono_ns=clock.monotonic_ns())


def tell(config, clock):
    """Write both status files, as the two processes do."""
    log = FakeLog()
    for path, status in (
        (config.sampler_status_path(config.bus[0]), reports.sampler_status()),
        (config.publisher_status_path(), reports.publisher_status()),
    ):
        file = StatusFile(path, clock=clock, log=log)
        file.write(replace(status, stamp=stamp(clock)))
    assert log.lines == []


def test_what_the_processes_say_of_themselves_is_part_of_the_report(
    config, watch, clock
):
    tell(config, clock)
    report = watch.look()

    assert report.buses[0].status.ticks == 18_000
    assert report.buses[0].counts("charger-1").good == 17_990
    assert report.publisher.state is PublisherState.RUNNING
    assert report.publisher.status.meters[0].transaction == "b7a1-42"


def test_a_publisher_that_does_not_write_any_more_is_silent(config, watch, clock):
    tell(config, clock)
    clock.advance(PATIENCE_S)
    assert watch.look().publisher.state is PublisherState.RUNNING
    clock.advance(0.1)
    assert watch.look().publisher.state is PublisherState.SILENT


def test_a_status_from_before_a_restart_of_the_machine_is_silence(config, watch, clock):
    tell(config, clock)
    clock.advance(-500)
    assert watch.look().publisher.state is PublisherState.SILENT


def test_without_status_files_there_is_nothing_to_tell(watch):
    report = watch.look()

    assert (report.buses[0].status, report.buses[0].unread) == (None, None)
    assert report.publisher.state is PublisherState.MISSING


def test_a_status_that_cannot_be_read_says_why(config, watch):
    path = config.publisher_status_path()
    path.parent.mkdir()
    path.write_text("{}")
    publisher = watch.look().publisher

    assert publisher.state is PublisherState.UNREADABLE
    assert "not a status of this release" in publisher.unread


def test_the_publisher_has_no_part_in_the_health_check(writer, watch, clock):
    write_both(writer, clock)
    report = watch.look()

    assert report.publisher.state is PublisherState.MISSING
    assert report.healthy

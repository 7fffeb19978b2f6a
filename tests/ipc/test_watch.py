# SPDX-License-Identifier: Apache-2.0
"""What powermeter-watch makes of the rings, and how it tells it."""

import contextlib
import io

import pytest
from msgspec.structs import replace
from rich.console import Console

from ipc.config import BusTable, Config, MeterTable, RingTable
from ipc.liveness import SILENT_AFTER_NS, WriterState
from ipc.sample import ABSENT, PhaseSequence, Quality, Sample
from ipc.shm import SegmentWriter
from ipc.units import NS_PER_S
from ipc.view import lines, live
from ipc.watch import RATE_OVER, Watch
from tests.fakes import FakeClock
from tests.ipc.rings import abandon

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


def test_the_lines_tell_every_value_by_its_name(writer, watch, clock):
    writer.write(sample(clock, power_w=2.5, voltage_l1_v=230.25))
    told = "\n".join(lines(watch.look()))

    assert "bus line: sampler running" in told
    assert "meter grid, state healthy" in told
    assert "    power_w = 2.5" in told
    assert "    voltage_l1_v = 230.25" in told
    assert "meter car[1], state no good sample yet" in told


def test_the_live_view_puts_the_phases_side_by_side(writer, watch, clock):
    volts = {f"voltage_l{phase}_v": 230 + phase / 10 for phase in (1, 2, 3)}
    writer.write(sample(clock, **volts, energy_import_mwh=593_292_480))
    screen = io.StringIO()
    Console(file=screen, width=80).print(live(watch.look()))
    shown = screen.getvalue()

    assert "230.1  230.2  230.3" in shown
    assert "593.292" in shown
    assert "car[1]" in shown

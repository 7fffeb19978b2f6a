# SPDX-License-Identifier: Apache-2.0
"""The loop: every tick gives samples, the dead cost the living nearly nothing."""

from itertools import pairwise

import pytest

from ipc.sample import Quality
from ipc.units import NS_PER_S
from tests.sampler.loops import NO_ANSWER, benches


@pytest.fixture
def bench():
    with benches() as make:
        yield make


def test_each_tick_writes_a_sample_of_every_meter_on_the_grid(bench):
    case = bench(3, rate_hz=2)
    samples = case.step(20)
    for unit in (1, 2, 3):
        assert [sample.tick for sample in samples[unit]] == list(range(20))
        assert all(sample.is_good for sample in samples[unit])
    assert case.clock.mono_ns < 10 * NS_PER_S


def test_a_missed_tick_is_counted_and_skipped_and_lateness_is_in_the_sample(bench):
    case = bench(rate_hz=10)
    case.step()
    case.clock.advance(0.32)
    [sample] = case.step()[1]
    assert (sample.tick, sample.overruns) == (3, 2)
    assert sample.lateness_us == pytest.approx(24_000, abs=1000)
    [sample] = case.step()[1]
    assert (sample.tick, sample.overruns, sample.lateness_us) == (4, 2, 0)


def test_oversleeping_is_lateness(bench):
    case = bench()
    case.clock.oversleep_ns = 123_000
    case.step()
    assert case.step()[1][0].lateness_us == 123


def test_every_sample_is_followed_by_a_beat_however_busy_the_bus_is(bench):
    """Whoever sleeps until a beat finds the sample; a bus without slack looks alive."""
    case = bench(2, rate_hz=4)
    case.bus.read_s = 0.2  # never done before the next deadline
    case.step(2)
    before = case.ring.beats
    written = len(case.step(5)[1]) + len(case.step(5)[2])
    assert written == 10
    assert case.ring.beats - before >= 20


def test_a_slow_rate_beats_between_its_ticks(bench):
    case = bench(rate_hz=0.1)
    case.step(2)
    assert case.ring.beats >= 9


def test_a_tick_beats_with_its_samples_only_for_a_beat_wakes_every_reader(bench):
    case = bench(2, rate_hz=4)
    case.step(2)
    before = case.ring.beats
    assert len(case.step(10)[1]) == 10
    assert case.ring.beats - before == 20


def test_a_tick_without_a_meter_to_read_beats_all_the_same(bench):
    case = bench(every=60)
    case.step()
    before = case.ring.beats
    assert not case.step(30)
    assert case.ring.beats - before >= 30


def test_a_stop_in_a_reading_leaves_no_sample_that_blames_the_meter(bench):
    case = bench(2)
    case.dead = {1, 2}

    def answer(*_):
        case.stop.request()
        return NO_ANSWER

    case.bus._answer = answer
    case.step()
    assert case.ring.samples == []
    assert case.log.lines == []


def test_a_stop_while_waiting_begins_no_tick(bench):
    case = bench(rate_hz=0.1)
    case.step()
    wait_until = case.clock.wait_until

    def stopping(deadline_ns):
        case.stop.request()
        wait_until(deadline_ns)

    case.clock.wait_until = stopping
    assert case.step() == {}
    assert case.bus.reads == []


def test_run_ends_with_a_stop_and_a_last_summary(bench):
    case = bench()
    reads = []

    def answer(_, block):
        reads.append(block)
        if len(reads) == 12:
            case.stop.request()
        return NO_ANSWER

    case.bus._answer = answer
    case.loop.run()
    assert case.log.events()[-1] == "bus_sampled"


# --- the dead and the living


def test_every_tick_gives_a_dead_meter_a_hole_and_the_living_their_values(bench):
    case = bench(3)
    case.dead = {2}
    samples = case.step(60)
    assert [sample.quality for sample in samples[2]] == [Quality.TIMEOUT] * 60
    for unit in (1, 3):
        assert all(sample.is_good for sample in samples[unit])


def test_a_dead_meter_is_asked_ever_more_seldom_down_to_once_in_five_seconds(bench):
    case = bench(2, rate_hz=5)
    case.dead = {2}
    case.step(50)
    asked_ns = []
    for _ in range(300):
        case.step()
        if any(unit == 2 for unit, _ in case.bus.reads):
            asked_ns.append(case.clock.mono_ns)
    apart_s = [(b - a) / NS_PER_S for a, b in pairwise(asked_ns)]
    assert len(apart_s) > 5
    assert all(5 <= seconds < 6 for seconds in apart_s)


def test_a_probe_of_the_dead_is_one_short_read(bench):
    case = bench(2)
    case.step()
    case.dead = {2}
    case.step(10)
    case.step(10)
    probes = [block.count for unit, block in case.bus.reads if unit == 2]
    assert set(probes) == {4}


def test_a_tick_bears_at_most_one_timeout_however_many_are_dead(bench):
    case = bench(10)
    case.dead = set(range(2, 11))
    case.step(5)
    for _ in range(30):
        case.step()
        asked = [unit for unit, _ in case.bus.reads if unit in case.dead]
        assert len(asked) <= 1
        assert case.bus.reads[0][0] == 1  # and the living come first


def test_every_one_of_many_dead_meters_gets_its_turn(bench):
    case = bench(10)
    case.dead = set(range(2, 11))
    case.step(5)
    case.step(30)
    assert {unit for unit, _ in case.bus.reads} == set(range(1, 11))


def test_a_meter_that_is_back_is_found_within_five_seconds_and_read_at_once(bench):
    case = bench(3)
    case.dead = {2}
    case.step(60)
    case.dead = set()
    qualities = [sample.quality for sample in case.step(12)[2]]
    silent = qualities.index(Quality.GOOD)
    assert silent <= 5
    assert qualities[silent:] == [Quality.GOOD] * (12 - silent)


def test_a_meter_that_is_alone_on_its_bus_is_found_within_a_second(bench):
    case = bench(rate_hz=4)
    case.dead = {1}
    case.step(60)
    case.dead = set()
    qualities = [sample.quality for sample in case.step(8)[1]]
    assert qualities.index(Quality.GOOD) <= 4


def test_one_lost_answer_costs_one_sample(bench):
    case = bench(2)
    case.step()
    case.dead = {2}
    case.step()
    case.dead = set()
    assert all(sample.is_good for sample in case.step(5)[2])


def test_one_silence_of_all_meters_costs_each_one_sample(bench):
    case = bench(5)
    case.step()
    case.dead = {1, 2, 3, 4, 5}
    case.step()
    case.dead = set()
    case.step()
    for samples in case.step(3).values():
        assert all(sample.is_good for sample in samples)


# --- turns


def test_a_meter_of_every_third_tick_gives_a_sample_every_third_tick(bench):
    case = bench(2, every=3)
    samples = case.step(12)
    assert [sample.tick for sample in samples[1]] == [0, 3, 6, 9]
    assert [sample.tick for sample in samples[2]] == [1, 4, 7, 10]


def test_an_energy_that_was_not_read_is_absent_and_never_repeated(bench):
    case = bench(energy_every=4)
    samples = case.step(8)[1]
    assert all(sample.is_good for sample in samples)
    measured = [sample.tick for sample in samples if sample.energy_import_mwh >= 0]
    assert measured == [0, 4]
    assert all(sample.power_w == 1.0 for sample in samples)

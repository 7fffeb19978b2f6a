# SPDX-License-Identifier: Apache-2.0
"""The publisher's loop: what is sent, when, and what never is."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.codec import Kind, decode
from ipc.config import WindowValue
from ipc.liveness import WriterState
from ipc.sample import Quality
from ipc.units import NS_PER_MS, NS_PER_S
from publisher.schedule import GRACE_NS
from tests.fakes import sample_of
from tests.publisher.world import NOON_NS, World

FRESH_NS = 3 * NS_PER_S


@pytest.fixture
def world():
    with World() as world:
        yield world


def test_each_second_has_one_message_with_the_last_of_its_samples(world):
    world.run(10.5)
    seconds = [sent.wall_ns // NS_PER_S - NOON_NS // NS_PER_S for sent in world.values]
    assert seconds == list(range(len(seconds)))
    assert len(seconds) == 10
    assert all(sent.wall_ns % NS_PER_S == 920 * NS_PER_MS for sent in world.values)


def test_a_message_leaves_within_a_grace_after_its_window_ended(world):
    wall_at_zero_ns = world.clock.wall_at_zero_ns
    world.run(10)
    for sent in world.values:
        end_ns = (sent.wall_ns // NS_PER_S + 1) * NS_PER_S
        late_ns = sent.at_ns + wall_at_zero_ns - end_ns
        assert 0 <= late_ns <= GRACE_NS + 2 * NS_PER_MS


@pytest.mark.parametrize("wakes", [True, False])
@pytest.mark.parametrize(("window_s", "fresh_s"), [(10.0, 0.5), (60.0, 0.2), (2.5, 3)])
def test_a_window_may_be_longer_than_a_sample_is_fresh(window_s, fresh_s, wakes):
    with World(window_s=window_s, fresh_s=fresh_s, wakes=wakes) as world:
        world.run(3 * window_s)
        documents = [sent.document for sent in world.values]
        assert len(documents) >= 2
        first = 0
        for document in documents:
            last = round(document["energy_Wh_import"]["total"])
            mean = (first + last) / 2  # each sample's power is its number
            assert document["power_W"]["total"] == pytest.approx(mean)
            first = last + 1


def test_a_sample_of_the_next_window_closes_the_one_before_at_once(world):
    """With a wake the grace is only for a meter that has fallen silent."""
    world.run(10)
    for sent in world.values[1:]:
        assert (
            sent.at_ns == sent.wall_ns - world.clock.wall_at_zero_ns + 100 * NS_PER_MS
        )


def test_every_sample_is_published_as_soon_as_it_is_written():
    with World(every_sample=True) as world:
        world.run(5)
        assert len(world.values) == len(world.written) >= 49
        for sent, sample in zip(world.values, world.written, strict=True):
            assert sent.at_ns == sample.mono_ns
            assert sent.document["power_W"]["total"] == sample.power_w
            assert sent.wall_ns == sample.wall_ns // NS_PER_MS * NS_PER_MS


def test_without_a_wake_every_sample_is_published_all_the_same():
    with World(every_sample=True, wakes=False, fresh_s=1.0) as world:
        world.run(5)
        assert len(world.values) >= 45


def test_a_great_change_of_power_does_not_wait_for_its_window():
    """At sample 25 the power rises, at 37 it falls; windows end at 8, 18, 28 ..."""
    with World(
        power_w=lambda tick: 7000.0 if 25 <= tick < 37 else 0.0,
        early_power_change_w=500.0,
    ) as world:
        world.run(6)
        told = [
            (
                round(sent.document["energy_Wh_import"]["total"]),
                sent.document["power_W"],
            )
            for sent in world.values
        ]
        assert told[:8] == [
            *((9, {"total": 0.0}), (19, {"total": 0.0})),
            *((24, {"total": 0.0}), (25, {"total": 7000.0}), (29, {"total": 7000.0})),
            *((36, {"total": 7000.0}), (37, {"total": 0.0}), (39, {"total": 0.0})),
        ]
        early = world.values[3]
        assert early.at_ns == world.written[25].mono_ns


def test_a_window_may_tell_the_last_instead_of_the_mean():
    with World(window_value=WindowValue.LAST) as world:
        world.run(4)
        told = [sent.document["power_W"]["total"] for sent in world.values]
        assert told[:3] == [9, 19, 29]


def test_without_a_sample_nothing_is_published(world):
    world.quality = None
    world.run(30)
    assert world.values == world.checks == []


@pytest.mark.parametrize("quality", [Quality.TIMEOUT, Quality.NO_PORT])
def test_without_a_good_sample_nothing_is_published(world, quality):
    world.quality = quality
    world.run(30)
    assert world.values == world.checks == []


def test_after_the_sampler_died_its_last_window_is_the_last_message(world):
    world.run(5)
    world.quality = None
    world.run(60)
    totals = [sent.document["energy_Wh_import"]["total"] for sent in world.values]
    assert totals == sorted(set(totals))
    assert (
        world.values[-1].wall_ns == world.written[-1].wall_ns // NS_PER_MS * NS_PER_MS
    )
    assert world.values[-1].at_ns - world.written[-1].mono_ns < 2 * NS_PER_S
    assert world.checks[-1].at_ns <= world.written[-1].mono_ns + 100 * NS_PER_MS


def test_after_the_meter_fell_silent_health_ends_when_its_sample_is_no_longer_fresh(
    world,
):
    world.run(5)
    newest_ns = world.written[-1].mono_ns
    world.quality = Quality.TIMEOUT
    world.run(60)
    assert newest_ns <= world.checks[-1].at_ns <= newest_ns + FRESH_NS
    assert "health_lost" in world.log.events()


def test_samples_that_were_left_in_the_ring_are_neither_values_nor_health(world):
    for age_s in (3600, 60, 3.5, -3600):
        mono_ns = world.clock.mono_ns - round(age_s * NS_PER_S)
        world.ring.write(sample_of(mono_ns=mono_ns, energy_import_mwh=1))
    world.ring.state = WriterState.RUNNING
    world.quality = Quality.TIMEOUT
    world.run(30)
    assert world.values == world.checks == []


def test_health_is_stated_each_period_as_true(world):
    world.run(21)
    times = [sent.at_ns for sent in world.checks]
    assert {sent.payload for sent in world.checks} == {b"true"}
    assert decode(Kind.COMMUNICATION_CHECK, world.checks[0].payload) is True
    gaps = {round((b - a) / NS_PER_S, 1) for a, b in pairwise(times)}
    assert gaps == {2.0}


def test_only_the_first_statement_on_a_connection_waits_for_an_acknowledgement(world):
    """What waits is sent again after an outage, when it may no longer be true."""
    world.run(10)
    world.broker.connections += 1
    world.run(6)
    qos = [sent.qos for sent in world.checks]
    again = qos.index(1, 1)
    assert qos == [1] + [0] * (again - 1) + [1] + [0] * (len(qos) - again - 1)
    assert {sent.qos for sent in world.values} == {0}


def test_what_was_measured_while_the_broker_was_away_is_not_sent_later(world):
    world.run(3.5)
    world.broker.connected = False
    already = len(world.broker.sent)
    world.run(10)
    assert len(world.broker.sent) == already
    assert world.loop._report.tally.meters[world.meter.table.name].dropped == 10
    world.broker.connected = True
    back_ns = world.clock.mono_ns
    world.run(5)
    later = [sent for sent in world.values if sent.at_ns >= back_ns]
    assert len(later) == 5
    assert later[0].wall_ns - world.clock.wall_at_zero_ns > back_ns - NS_PER_S


def test_without_the_energy_nothing_is_published_and_the_remedy_is_told(world):
    world.has_energy = False
    world.run(10)
    assert world.values == []
    assert world.checks
    assert world.log.events().count("values_incomplete") == 1


@pytest.mark.parametrize("set_s", [-3600.3, -1.05, -0.5, 0.5, 1.05, 3600.3])
def test_after_the_clock_was_set_windows_are_aligned_to_it_again(world, set_s):
    world.run(5.5)
    world.set_wall(set_s)
    world.run(2)
    settled_ns = world.clock.mono_ns
    world.run(10)
    after = [sent for sent in world.values if sent.at_ns >= settled_ns]
    seconds = [sent.wall_ns // NS_PER_S for sent in after]
    assert seconds == list(range(seconds[0], seconds[0] + len(after)))
    assert len(after) >= 9
    for sent in after:
        assert (sent.wall_ns + 100 * NS_PER_MS) // NS_PER_S > sent.wall_ns // NS_PER_S
        late_ns = (sent.at_ns + world.clock.wall_at_zero_ns) % NS_PER_S
        assert late_ns <= GRACE_NS + 2 * NS_PER_MS


EVENTS = st.one_of(
    st.tuples(
        st.just("quality"),
        st.sampled_from([Quality.GOOD, Quality.TIMEOUT, Quality.IMPLAUSIBLE, None]),
    ),
    st.tuples(st.just("connected"), st.booleans()),
    st.tuples(st.just("wall"), st.floats(-3600, 3600)),
)


SETTINGS = st.fixed_dictionaries(
    {
        "window_s": st.sampled_from((0.1, 0.5, 1.0, 10.0)),
        "check_period_s": st.sampled_from((0.2, 2.0)),
        "fresh_s": st.sampled_from((0.5, 3.0)),
        "period_s": st.sampled_from((0.05, 0.25, 1.0)),
        "start_s": st.floats(0, 1),
        "wakes": st.booleans(),
        "window_value": st.sampled_from(WindowValue),
        "every_sample": st.booleans(),
        "early_power_change_w": st.none() | st.sampled_from((0.5, 3.0, 1e6)),
    }
)


@given(events=st.lists(st.tuples(EVENTS, st.floats(0, 12)), max_size=12), how=SETTINGS)
def test_whatever_happens_every_message_is_new_and_true(events, how):
    with World(**how) as world:
        for (what, state), pause_s in events:
            match what:
                case "quality":
                    world.quality = state
                case "connected":
                    world.broker.connected = state
                case "wall":
                    world.set_wall(state)
            world.run(pause_s)

    good = {sample.tick: sample for sample in world.written if sample.is_good}
    ticks = [round(sent.document["energy_Wh_import"]["total"]) for sent in world.values]
    assert ticks == sorted(set(ticks))
    for sent, tick in zip(world.values, ticks, strict=True):
        assert sent.wall_ns == good[tick].wall_ns // NS_PER_MS * NS_PER_MS
    for sent in world.checks:
        assert sent.payload == b"true"
        ages_ns = [sent.at_ns - sample.mono_ns for sample in good.values()]
        assert any(0 <= age_ns <= how["fresh_s"] * NS_PER_S for age_ns in ages_ns)
    assert all(sent.connected for sent in world.broker.sent)


def test_silence_is_slept_through(world):
    """Ten windows, five checks, seven looks at the ring, and no more."""
    world.quality = None
    world.run(10)
    assert world.steps <= 10 + 6 + 8


def test_the_brokers_time_is_kept_too(world):
    world.broker.due_ns = world.clock.mono_ns + 7 * NS_PER_MS
    world.loop.step()
    world.loop.step()
    assert world.clock.mono_ns <= world.broker.due_ns + NS_PER_MS


def test_while_requests_do_not_reach_us_there_is_no_check(world):
    world.run(5)
    checks = len(world.checks)
    world.broker.deaf = "the broker keeps a/e2m/stop from us"
    world.run(10)
    assert len(world.checks) == checks
    assert "keeps a/e2m/stop" in world.log.fields_of("health_lost")["reason"]
    world.broker.deaf = ""
    world.run(10)
    assert len(world.checks) > checks

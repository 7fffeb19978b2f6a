# SPDX-License-Identifier: Apache-2.0
"""The publisher's loop: what is sent, when, and what never is."""

import contextlib
import selectors
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.codec import Kind, decode
from ipc.config import PublishTable
from ipc.liveness import WriterState
from ipc.sample import Quality
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from publisher.loop import Loop
from publisher.schedule import GRACE_NS
from tests.fakes import FakeBroker, FakeClock, FakeLog, sample_of
from tests.publisher.parts import report_of
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


@pytest.mark.parametrize(("window_s", "fresh_s"), [(10.0, 0.5), (60.0, 0.2), (2.5, 3)])
def test_a_window_may_be_longer_than_a_sample_is_fresh(window_s, fresh_s):
    with World(window_s=window_s, fresh_s=fresh_s) as world:
        world.run(3 * window_s)
        documents = [sent.document for sent in world.values]
        assert len(documents) >= 2
        first = 0
        for document in documents:
            last = round(document["energy_Wh_import"]["total"])
            mean = (first + last) / 2  # each sample's power is its number
            assert document["power_W"]["total"] == pytest.approx(mean)
            first = last + 1


def test_without_a_sample_nothing_is_published(world):
    world.quality = None
    world.run(30)
    assert world.broker.sent == []


@pytest.mark.parametrize("quality", [Quality.TIMEOUT, Quality.NO_PORT])
def test_without_a_good_sample_nothing_is_published(world, quality):
    world.quality = quality
    world.run(30)
    assert world.broker.sent == []


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
    assert world.broker.sent == []


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


@pytest.fixture
def at_its_edges():
    """Give a loop on a real selector, with what it is made of."""
    with contextlib.ExitStack() as closing:
        selector = closing.enter_context(selectors.DefaultSelector())
        stop, log, clock = Stop(), FakeLog(), FakeClock()
        closing.callback(stop.close)
        broker = FakeBroker()
        loop = Loop(
            PublishTable(),
            feeds=[],
            broker=broker,
            selector=selector,
            report=report_of(clock, log),
            clock=clock,
            stop=stop,
        )
        yield loop, stop, log, broker


def test_a_stop_ends_the_wait_and_nothing_is_done_after_it(at_its_edges):
    loop, stop, log, broker = at_its_edges
    loop.step()  # whatever was due at the start

    def unexpected(_events):
        pytest.fail("the broker was served after the stop")

    broker.service = unexpected
    stop.request()
    loop.step()
    loop.run()
    assert log.events() == ["values_published"]


def test_a_stop_while_it_runs_ends_it(at_its_edges):
    loop, stop, log, broker = at_its_edges
    broker.service = lambda _events: stop.request()
    loop.run()
    assert log.events()[-1] == "values_published"

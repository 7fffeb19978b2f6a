# SPDX-License-Identifier: Apache-2.0
"""Transactions in the loop: what wakes it for them, and what they do to the health."""

import pytest

from ipc.sample import Quality
from ipc.units import NS_PER_MS, NS_PER_S
from publisher.journalstate import JournalState
from publisher.messages import StopTransactionRequest
from tests.publisher.office import Office, request
from tests.publisher.parts import BELOW
from tests.publisher.world import KEY, World

REPLY = f"{BELOW}reply/1"


@pytest.fixture
def office(tmp_path):
    office = Office(tmp_path / "journal.db", meters=("charger-1",), reply_s=10.0)
    yield office
    office.journal.close()


@pytest.fixture
def world(office):
    with World(office=office) as world:
        world.run(5)
        yield world


def test_a_start_is_answered_with_the_first_sample_after_it(world):
    asked_ns = world.clock.mono_ns
    world.ask(request(), REPLY)
    world.run(0.5)
    [reply] = world.on(REPLY)
    assert reply.document == {"status": "OK"}
    first = next(each for each in world.written if each.mono_ns > asked_ns)
    assert reply.at_ns == first.mono_ns


def test_a_sample_that_is_not_good_begins_nothing(world):
    world.quality = Quality.IMPLAUSIBLE
    world.ask(request(), REPLY)
    world.run(5)
    assert world.on(REPLY) == []


def test_while_the_meter_is_silent_a_request_is_refused_on_time(world):
    world.quality = None
    asked_ns = world.clock.mono_ns
    world.ask(request(), REPLY)
    before = world.steps
    world.run(30)
    [reply] = world.on(REPLY)
    assert reply.document["status"] == "UNEXPECTED_ERROR"
    assert 0 <= reply.at_ns - asked_ns - 10 * NS_PER_S <= 2 * NS_PER_MS
    assert world.steps - before <= 30 + 30 / 1.5 + 30 / 2 + 3


def test_the_value_goes_before_the_reply_that_its_sample_makes(office):
    """To sign and write takes milliseconds; a value does not wait for them."""
    with World(office=office, every_sample=True) as world:
        world.run(1)
        world.ask(request(), REPLY)
        world.run(1)
        [reply] = world.on(REPLY)
        value = world.broker.sent[world.broker.sent.index(reply) - 1]
        assert value.topic == world.meter.topics.powermeter_values
        assert value.at_ns == reply.at_ns


def test_while_the_journal_cannot_be_written_there_is_no_check_and_the_values_go_on(
    world, office
):
    office.journal.state = JournalState.FULL
    office.journal.probe = lambda: JournalState.FULL
    world.run(3)
    checks, values = len(world.checks), len(world.values)
    world.run(20)
    assert len(world.checks) == checks
    assert len(world.values) == values + 20
    reason = world.log.fields_of("health_lost")["reason"]
    assert reason.startswith("transactions cannot be signed: ")
    assert "the disk is full: make room" in reason
    del office.journal.probe
    world.run(10)
    assert len(world.checks) > checks


def test_a_stop_of_what_is_open_is_answered_with_its_record(world):
    world.ask(request(), REPLY)
    world.run(1)
    world.ask(StopTransactionRequest(transaction_id="t-1"), f"{REPLY}2")
    world.run(1)
    [reply] = world.on(f"{REPLY}2")
    text = reply.document["signed_meter_value"]["signed_meter_data"]
    assert text.startswith("OCMF|")


def test_the_key_is_told_once_in_an_hour_of_heartbeats_and_again_after_a_restart(
    world,
):
    topic, beat = world.meter.topics.public_key, world.meter.topics.heartbeat
    for count in range(3600):
        world.everest.take(beat, b"%d" % count)
        world.run(1)
    assert [sent.payload for sent in world.on(topic)] == [b'"%s"' % KEY.encode()]
    for count in range(60):  # restarted, and its beacon comes several times
        world.everest.take("everest_api/ready_beacon", b"{}")
        world.everest.take(beat, b"%d" % count)
        world.run(0.1)
    assert len(world.on(topic)) == 2

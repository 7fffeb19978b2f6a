# SPDX-License-Identifier: Apache-2.0
"""What the clerk says reaches the broker and the log, and the broker's word the clerk."""

import contextlib
import selectors

import msgspec
import pytest

from ipc.channel import ChannelClient, ChannelServer
from ipc.commands import Answer
from publisher.channels import Channels
from publisher.handover import Handover
from publisher.journal import read_only
from publisher.messages import StopTransactionRequest
from publisher.requests import Request
from tests.fakes import FakeBroker, FakeClock, FakeLog, sample_of
from tests.publisher.office import Office, request
from tests.publisher.parts import BELOW, report_of
from tests.publisher.signing.bureau import Bureau

TO_START, TO_STOP = f"{BELOW}reply/start", f"{BELOW}reply/stop"


class Counter:
    """A clerk's office, and the way to it."""

    def __init__(self, path):
        self.office = Office(path)
        self.log, self.broker = FakeLog(), FakeBroker()
        report = report_of(self.office.clock, self.log)
        self.handover = Handover(self.office.clerk, report=report)
        self.handover.boot(self.broker)

    @property
    def now_ns(self):
        return self.office.clock.monotonic_ns()

    def ask(self, content, reply_to):
        asked = Request(content=content, reply_to=reply_to)
        self.handover.ask("m", asked, self.now_ns, self.broker)

    def read(self):
        self.office.clock.advance(1)
        self.office.energy_mwh += 1000
        wall_ns = self.office.clock.wall_ns()
        energy = {"energy_import_mwh": self.office.energy_mwh}
        sample = sample_of(mono_ns=self.now_ns, wall_ns=wall_ns, **energy)
        self.handover.sample("m", sample, self.broker)

    def run_through(self):
        self.ask(request(), TO_START)
        self.read()
        self.ask(StopTransactionRequest(transaction_id="t-1"), TO_STOP)
        self.read()

    def reply(self, topic):
        [payload] = self.broker.on(topic)
        return msgspec.json.decode(payload)

    @property
    def entries(self):
        with read_only(self.office.path) as look:
            return list(look())


@pytest.fixture
def counter(tmp_path):
    counter = Counter(tmp_path / "journal.db")
    yield counter
    counter.office.journal.close()


def test_replies_are_published_with_qos_1_where_they_were_asked_for(counter):
    counter.run_through()
    assert counter.reply(TO_START) == {"status": "OK"}
    assert counter.reply(TO_STOP)["status"] == "OK"
    assert {qos for _, _, qos in counter.broker.messages} == {1}
    assert counter.broker.retained == {}


def test_a_record_is_handed_over_when_the_broker_has_it_and_not_before(counter):
    counter.run_through()
    assert counter.entries[0].delivered_ns is None
    counter.broker.take_all()
    assert counter.entries[0].delivered_ns == counter.office.clock.wall_ns()


def test_only_a_reply_with_a_record_waits_for_the_broker(counter):
    counter.ask(request(), TO_START)
    counter.read()
    assert counter.broker.untaken == []


def test_begin_and_end_are_logged_and_what_was_asked_is_not(counter):
    counter.run_through()
    events = counter.log.events()
    assert [event for event in events if event.startswith("transaction_")] == [
        "transaction_begun",
        "transaction_ended",
    ]
    assert "1F2D3A4F" not in str(counter.log.lines)
    assert counter.log.fields_of("reply_sent")["status"] == "OK"


def test_a_reply_that_could_only_be_dropped_is_an_error_in_the_log(counter):
    counter.broker.is_full = True
    counter.ask(StopTransactionRequest(transaction_id="t-9"), TO_STOP)
    [level] = [level for level, event, _ in counter.log.lines if event == "reply_sent"]
    assert level == "error"


def test_a_deadline_is_kept(counter):
    counter.ask(request(), TO_START)
    assert counter.handover.due_ns == counter.now_ns + 30_000_000_000
    counter.handover.tick(counter.now_ns, counter.broker)
    assert counter.broker.messages == []
    counter.office.clock.advance(30)
    counter.handover.tick(counter.now_ns, counter.broker)
    assert counter.reply(TO_START)["status"] == "UNEXPECTED_ERROR"


def test_where_nobody_signs_there_is_nothing_to_do_and_all_is_ready(counter):
    handover = Handover(None, report=report_of(counter.office.clock))
    handover.boot(counter.broker)
    handover.sample("m", sample_of(), counter.broker)
    handover.tick(0, counter.broker)
    assert handover.due_ns is None
    assert handover.is_ready("m") == ""
    assert counter.broker.messages == []


# Meters that sign by themselves.


@pytest.fixture
def selector():
    with selectors.DefaultSelector() as selector:
        yield selector


def test_what_a_meter_answers_reaches_the_clerk_and_its_reply_the_broker(
    tmp_path, selector
):
    path, clock = tmp_path / "bus.sock", FakeClock()
    with (
        contextlib.closing(ChannelServer(path)) as server,
        contextlib.closing(ChannelClient(path, clock)) as client,
    ):
        bureau, broker = Bureau(tmp_path / "journal.db", way=client), FakeBroker()
        handover = Handover(
            bureau.clerk,
            channels=Channels([client], selector=selector),
            report=report_of(clock, FakeLog()),
        )
        stop = StopTransactionRequest(transaction_id="t-9")
        asked = Request(content=stop, reply_to=TO_STOP)
        handover.ask("m", asked, clock.monotonic_ns(), broker)
        while not broker.on(TO_STOP):
            handover.watch()
            calls = server.take() or server.take()  # the first takes the connection
            for caller, call in calls:
                outcome = bureau.meter.do(call.command)
                server.answer(caller, Answer(number=call.number, outcome=outcome))
            assert selector.select(1)
            handover.tick(clock.monotonic_ns(), broker)
        [payload] = broker.on(TO_STOP)
        assert "no transaction of this id" in msgspec.json.decode(payload)["error"]
        bureau.journal.close()

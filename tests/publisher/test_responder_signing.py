# SPDX-License-Identifier: Apache-2.0
"""Whatever comes to a meter that signs: it begins only what was asked for, by EVerest."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.config import Signing
from publisher.handover import Handover
from publisher.journal import read_only
from publisher.messages import StartTransactionRequest
from publisher.requests import read_start
from publisher.responder import Responder
from tests.fakes import FakeBroker, FakeLog, sample_of
from tests.publisher.hostile import MESSAGES
from tests.publisher.office import Office
from tests.publisher.parts import BELOW, START, TOPICS, meter_of, report_of, request

VALID = {**START, "identification_data": "1F2D3A4F"}
REPLY = f"{BELOW}reply/1"


class Site:
    """A responder, the clerk behind it, and a meter that is read."""

    def __init__(self, directory):
        self.office = Office(directory / "journal.db", meters=("charger-1",))
        self.log, self.broker = FakeLog(), FakeBroker()
        clock = self.office.clock
        report = report_of(clock, self.log)
        self.handover = Handover(self.office.clerk, report=report)
        meter = meter_of()
        meter.table = msgspec.structs.replace(
            meter.table, signing=Signing.GATEWAY, serial="S1"
        )
        self.responder = Responder(
            [meter], transactions=self.handover, report=report, clock=clock
        )

    def ask(self, verb, message, *, waited=False):
        topic = f"{TOPICS.base}/pm_1/e2m/{verb}_transaction"
        self.responder.take(topic, message, self.broker, waited=waited)

    def read(self):
        office = self.office
        office.clock.advance(1)
        office.energy_mwh += 1000
        sample = sample_of(
            mono_ns=office.clock.monotonic_ns(),
            wall_ns=office.clock.wall_ns(),
            energy_import_mwh=office.energy_mwh,
        )
        self.handover.sample("charger-1", sample, self.broker)

    @property
    def begun(self):
        with read_only(self.office.path) as look:
            return len(list(look()))

    def close(self):
        self.office.journal.close()


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.fixture(scope="module")
def lasting_site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


def status_of(broker, topic):
    [payload] = broker.on(topic)
    return msgspec.json.decode(payload)["status"]


def test_a_start_that_waited_is_refused_and_a_stop_that_waited_is_served(site):
    for verb, payload, reply_to in (
        ("start", VALID, REPLY),
        ("stop", "t-9", f"{REPLY}2"),
        ("stop", "", f"{REPLY}3"),
    ):
        site.ask(verb, request(payload, reply_to=reply_to), waited=True)
    site.read()
    assert status_of(site.broker, REPLY) == "UNEXPECTED_ERROR"
    assert "waited" in site.broker.on(REPLY)[0].decode()
    assert status_of(site.broker, f"{REPLY}2") == "UNEXPECTED_ERROR"  # unknown id
    assert status_of(site.broker, f"{REPLY}3") == "OK"
    assert site.begun == 0


def test_a_live_start_is_handed_on_and_logged_without_its_content(site):
    site.ask("start", request(VALID, reply_to=REPLY))
    assert site.broker.messages == []
    assert site.log.fields_of("request_taken") == {
        "meter": "charger-1",
        "request": "StartTransactionRequest",
        "waited": False,
    }
    assert "1F2D3A4F" not in str(site.log.lines)
    site.read()
    assert status_of(site.broker, REPLY) == "OK"


def test_what_cannot_be_read_is_refused_of_a_signing_meter_too(site):
    site.ask("start", request({"x": 1}, reply_to=REPLY))
    assert status_of(site.broker, REPLY) == "UNEXPECTED_ERROR"
    assert "request_refused" in site.log.events()


VERBS = st.sampled_from(("start", "stop"))


@given(
    verb=VERBS,
    message=MESSAGES | st.just(request(VALID, reply_to=REPLY)),
    waited=st.booleans(),
)
def test_no_message_begins_what_it_should_not_or_is_answered_twice(
    lasting_site, verb, message, waited
):
    site = lasting_site
    site.broker.messages.clear()
    before = site.begun
    site.ask(verb, message, waited=waited)
    site.read()
    content = read_start(message, TOPICS).content
    may_begin = isinstance(content, StartTransactionRequest)
    if verb == "stop" or waited or not may_begin:
        assert site.begun == before
    assert len(site.broker.messages) <= 1
    assert all(topic.startswith(BELOW) for topic, _, _ in site.broker.messages)
    site.ask("stop", request("", reply_to=None))
    site.read()

# SPDX-License-Identifier: Apache-2.0
"""Each request is answered at most once, on its own meter's topics and no others."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.handover import Handover
from publisher.responder import Responder
from tests.fakes import FakeBroker, FakeClock, FakeLog
from tests.publisher.hostile import MESSAGES
from tests.publisher.parts import START, meter_of, report_of, request

BASE = "everest_api/1/powermeter"


def responder_of(*meters, log=None):
    clock = FakeClock()
    report = report_of(clock, log)
    transactions = Handover(None, report=report)
    return Responder(meters, transactions=transactions, report=report, clock=clock)


@pytest.fixture
def log():
    return FakeLog()


@pytest.fixture
def responder(log):
    meters = [meter_of(name="left"), meter_of(name="right", module_id="pm_2")]
    return responder_of(*meters, log=log)


def test_it_wants_the_requests_of_every_meter_and_nothing_else(responder):
    assert sorted(responder.topics) == [
        f"{BASE}/pm_1/e2m/start_transaction",
        f"{BASE}/pm_1/e2m/stop_transaction",
        f"{BASE}/pm_2/e2m/start_transaction",
        f"{BASE}/pm_2/e2m/stop_transaction",
    ]


@pytest.mark.parametrize(
    ("verb", "payload", "status"),
    [
        ("start", START, "NOT_SUPPORTED"),
        ("stop", "t-1", "NOT_SUPPORTED"),
        ("stop", "", "OK"),
        ("stop", {"transaction_id": ""}, "OK"),
        ("start", "", "UNEXPECTED_ERROR"),
        ("stop", 7, "UNEXPECTED_ERROR"),
    ],
)
def test_a_request_is_answered_once_where_it_asked_for_it(
    responder, verb, payload, status
):
    broker = FakeBroker()
    reply_to = f"{BASE}/pm_2/m2e/reply/1"
    message = request(payload, reply_to=reply_to)
    responder.take(f"{BASE}/pm_2/e2m/{verb}_transaction", message, broker)
    [(topic, reply, qos)] = broker.messages
    assert (topic, qos) == (reply_to, 1)
    assert msgspec.json.decode(reply)["status"] == status


def test_one_meter_is_not_answered_for_on_anothers_topics(responder):
    broker = FakeBroker()
    message = request("", reply_to=f"{BASE}/pm_2/m2e/reply/1")
    responder.take(f"{BASE}/pm_1/e2m/stop_transaction", message, broker)
    assert broker.messages == []


@pytest.mark.parametrize("topic", ["", "x", f"{BASE}/pm_1/e2m/heartbeat", f"{BASE}/#"])
def test_what_comes_on_any_other_topic_is_left_alone(responder, topic, log):
    broker = FakeBroker()
    message = request("", reply_to=f"{BASE}/pm_1/m2e/reply/1")
    responder.take(topic, message, broker)
    assert broker.messages == []
    assert log.lines == []


def test_a_reply_that_could_only_be_dropped_is_not_called_answered(responder, log):
    broker = FakeBroker(connected=False)
    message = request("", reply_to=f"{BASE}/pm_1/m2e/reply/1")
    responder.take(f"{BASE}/pm_1/e2m/stop_transaction", message, broker)
    assert log.fields_of("request_answered")["answered"] is False


@given(
    verb=st.sampled_from(("start", "stop")),
    module=st.sampled_from(("pm_1", "pm_2")),
    message=MESSAGES,
)
def test_any_message_gets_one_answer_at_most_and_only_below_its_own_m2e(
    verb, module, message
):
    meters = [meter_of(), meter_of(name="right", module_id="pm_2")]
    responder = responder_of(*meters)
    broker = FakeBroker()
    responder.take(f"{BASE}/{module}/e2m/{verb}_transaction", message, broker)
    assert len(broker.messages) <= 1
    for topic, _, _ in broker.messages:
        assert topic.startswith(f"{BASE}/{module}/m2e/")
        assert topic not in (
            f"{BASE}/{module}/m2e/powermeter_values",
            f"{BASE}/{module}/m2e/communication_check",
            f"{BASE}/{module}/m2e/public_key_ocmf",
        )
        assert not set(topic) & set("+#$\0")

# SPDX-License-Identifier: Apache-2.0
"""The stand-in behaves as EVerest's powermeter_API module was seen to."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.everest import Everest, Settings
from deploy.demo.exchange import Publish, Received, Subscribe, Unsubscribe
from deploy.demo.fields import Rejected
from ipc.clock import NS_PER_MS, NS_PER_S

BASE = "everest_api/1/powermeter/pm_1"
REQUEST = {
    "evse_id": "DE*PNX*E1",
    "transaction_id": "t 1",
    "identification_status": "ASSIGNED",
    "identification_flags": ["RFID_PLAIN"],
    "identification_type": "ISO14443",
}
VALUES = b'{"timestamp":"2026-08-21T10:00:00.000Z","energy_Wh_import":{"total":1}}'
SIGNED = {"signed_meter_data": "OCMF|", "signing_method": "", "encoding_method": "OCMF"}


@pytest.fixture
def everest():
    everest = Everest(Settings(), now_ns=0)
    everest.drain()
    return everest


def receive(everest, name, payload, *, now_s=0.0, retained=False):
    topic = name if name.startswith("everest_api") else f"{BASE}/m2e/{name}"
    message = Received(topic=topic, payload=payload, retained=retained)
    everest.receive(message, int(now_s * NS_PER_S))


def sent(everest, name):
    """Drain and give the payloads sent to one topic below e2m."""
    return [
        msgspec.json.decode(effect.payload)
        for effect in everest.drain()
        if isinstance(effect, Publish) and effect.topic == f"{BASE}/e2m/{name}"
    ]


def reasons(everest):
    return [rejection.reason for rejection in everest.rejections]


def test_it_subscribes_and_says_ready_before_anything_else():
    effects = Everest(Settings(), now_ns=0).drain()
    assert effects == [
        Subscribe(f"{BASE}/m2e/powermeter_values"),
        Subscribe(f"{BASE}/m2e/public_key_ocmf"),
        Subscribe(f"{BASE}/m2e/communication_check"),
        Subscribe("everest_api/discover"),
        Subscribe("everest_api/query-modules/powermeter"),
        Publish("everest_api/ready_beacon", b"{}"),
    ]


def test_heartbeats_count_from_zero_once_a_period_and_late_ones_are_not_made_up(
    everest,
):
    for now_ms in (0, 500, 999, 1000, 4700, 4999, 5000):
        everest.tick(now_ms * NS_PER_MS)
    assert sent(everest, "heartbeat") == [0, 1, 2, 3]


def test_a_heartbeat_wraps_at_64_bits(everest):
    everest.heartbeats = 2**64 - 1
    everest.tick(0)
    everest.tick(NS_PER_S)
    assert sent(everest, "heartbeat") == [2**64 - 1, 0]


def test_the_request_leaves_before_the_subscription_to_its_reply(everest):
    call = everest.start_transaction(REQUEST)
    everest.tick(1)
    envelope = {"headers": {"replyTo": call.reply_to}, "payload": REQUEST}
    request, subscription = everest.drain()[1:]
    assert request.topic == f"{BASE}/e2m/start_transaction"
    assert msgspec.json.decode(request.payload) == envelope
    assert subscription == Subscribe(call.reply_to)
    assert re.fullmatch(rf"{BASE}/m2e/reply/[0-9a-f-]{{36}}", call.reply_to)


def test_a_stop_carries_a_bare_string(everest):
    everest.stop_transaction("t 1")
    everest.tick(1)
    assert sent(everest, "stop_transaction")[0]["payload"] == "t 1"


def test_a_request_that_everest_could_not_send_is_refused(everest):
    with pytest.raises(Rejected, match="transaction_id"):
        everest.start_transaction({"evse_id": "DE*PNX*E1"})


def test_the_first_valid_reply_wins_and_an_invalid_one_is_rejected(everest):
    call = everest.start_transaction(REQUEST)
    everest.tick(0)
    for payload in (b'{"status":"Ok"}', b'{"status":"OK"}', b'{"status":"X"}'):
        receive(everest, call.reply_to, payload)
    assert call.reply == {"status": "OK"}
    assert len(everest.rejections) == 1
    everest.drain()
    everest.tick(1)
    assert everest.drain() == [Unsubscribe(call.reply_to)]


def test_no_reply_in_time_is_a_timeout_and_a_late_one_is_dropped(everest):
    call = everest.stop_transaction("t 1")
    everest.tick(0)
    everest.tick(10 * NS_PER_S - 1)
    assert not call.done
    everest.tick(10 * NS_PER_S)
    receive(everest, call.reply_to, b'{"status":"NOT_SUPPORTED"}')
    assert call.timed_out
    assert call.reply is None


def test_a_stop_waits_for_the_stop_before_it_but_not_for_a_start(everest):
    everest.start_transaction(REQUEST)
    first = everest.stop_transaction("")
    everest.stop_transaction("t 1")
    everest.tick(1)
    effects = everest.drain()
    topics = [effect.topic for effect in effects if isinstance(effect, Publish)]
    assert topics[1:] == [
        f"{BASE}/e2m/start_transaction",
        f"{BASE}/e2m/stop_transaction",
    ]
    receive(everest, first.reply_to, b'{"status":"OK"}')
    everest.tick(2)
    assert sent(everest, "stop_transaction")[0]["payload"] == "t 1"


@pytest.mark.parametrize(
    ("transaction_id", "reply", "rejected"),
    [
        ("t 1", {"status": "OK"}, 1),
        ("t 1", {"status": "OK", "signed_meter_value": SIGNED}, 0),
        ("t 1", {"status": "NOT_SUPPORTED", "error": "cannot sign"}, 0),
        ("", {"status": "OK"}, 0),
    ],
)
def test_ok_to_a_stop_needs_a_record_unless_it_cancels(
    everest, transaction_id, reply, rejected
):
    call = everest.stop_transaction(transaction_id)
    everest.tick(0)
    receive(everest, call.reply_to, msgspec.json.encode(reply))
    assert call.reply == reply
    assert len(everest.rejections) == rejected


def test_the_fault_stands_until_the_first_check_and_comes_back_with_silence(everest):
    everest.tick(100 * NS_PER_S)
    assert everest.supervision.fault
    receive(everest, "communication_check", b"true", now_s=100)
    assert not everest.supervision.fault
    everest.tick(105 * NS_PER_S)
    assert not everest.supervision.fault
    everest.tick(105 * NS_PER_S + 1)
    assert everest.supervision.fault
    receive(everest, "communication_check", b"true", now_s=106)
    assert not everest.supervision.fault


def test_a_false_check_clears_the_fault_and_ends_the_supervision(everest):
    receive(everest, "communication_check", b"false")
    everest.tick(1000 * NS_PER_S)
    assert not everest.supervision.fault
    assert everest.supervision.ended


def test_a_check_that_is_no_boolean_counts_for_nothing(everest):
    receive(everest, "communication_check", b'"true"')
    assert everest.supervision.fault
    assert reasons(everest) == ["type must be boolean, but is string"]


def test_values_arrive_as_float32(everest):
    receive(everest, "powermeter_values", VALUES.replace(b":1}", b":16777217}"))
    assert everest.values["energy_Wh_import"] == {"total": 16777216.0}
    assert everest.values_received == 1


def test_rejected_values_leave_the_ones_before(everest):
    receive(everest, "powermeter_values", VALUES)
    receive(everest, "powermeter_values", VALUES.replace(b":1}", b":1e300}"))
    assert everest.values["energy_Wh_import"] == {"total": 1.0}
    assert "take EVerest down" in everest.rejections[0].reason


@pytest.mark.parametrize(
    "timestamp", ["now", "2026-08-21T10:00:00.000", "2026-08-21 10:00:00Z"]
)
def test_a_time_that_a_validating_everest_refuses_is_rejected(everest, timestamp):
    payload = VALUES.replace(b"2026-08-21T10:00:00.000Z", timestamp.encode())
    receive(everest, "powermeter_values", payload)
    assert len(everest.rejections) == 1


def test_only_the_public_key_may_be_retained(everest):
    receive(everest, "public_key_ocmf", b'"3059"', retained=True)
    assert everest.public_key == "3059"
    assert not everest.rejections
    receive(everest, "communication_check", b"true", retained=True)
    assert len(everest.rejections) == 1


def test_it_answers_discovery_in_the_form_of_the_api(everest):
    for topic in ("everest_api/discover", "everest_api/query-modules/powermeter"):
        receive(everest, topic, b'{"headers":{"replyTo":"here"},"payload":{}}')
    answers = everest.drain()
    assert [answer.topic for answer in answers] == ["here", "here"]
    (module,) = msgspec.json.decode(answers[0].payload)["apis"]
    assert (module["type"], module["module_id"]) == ("powermeter", "pm_1")


@pytest.mark.parametrize("reply_to", ["a/#", "+", "x" * 70_000, "a\x00"])
def test_a_reply_topic_nobody_can_publish_to_is_rejected(everest, reply_to):
    request = {"headers": {"replyTo": reply_to}, "payload": {}}
    receive(everest, "everest_api/discover", msgspec.json.encode(request))
    assert everest.drain() == []
    assert len(everest.rejections) == 1


TOPICS = st.sampled_from(
    ["powermeter_values", "public_key_ocmf", "communication_check", "reply/x", ""]
)


@given(st.lists(st.tuples(TOPICS, st.binary(max_size=20), st.booleans())))
def test_no_message_brings_it_down_and_its_memory_is_bounded(messages):
    everest = Everest(Settings(), now_ns=0)
    for name, payload, retained in messages * 20:
        receive(everest, name, payload, retained=retained)
    assert len(everest.rejections) <= 200
    assert len(everest.passed) <= 500

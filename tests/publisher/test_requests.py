# SPDX-License-Identifier: Apache-2.0
"""Requests: any bytes are read, none of them does harm."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.codec import Kind, decode
from ipc.identification import (
    IdentificationFlag,
    IdentificationLevel,
    IdentificationStatus,
    IdentificationType,
)
from publisher import messages
from publisher.messages import (
    LONGEST_NAME,
    StartTransactionRequest,
    Status,
    StopTransactionRequest,
)
from publisher.requests import (
    LONGEST_REASON,
    Request,
    Unreadable,
    answer,
    read_start,
    read_stop,
)
from tests.publisher.hostile import JSON, MESSAGES
from tests.publisher.parts import BELOW, START, TOPICS, request

REPLY_TO = f"{BELOW}reply/1"
READERS = [read_start, read_stop]
BOTH = pytest.mark.parametrize("read", READERS, ids=["start", "stop"])


def proven(found: Request) -> Request:
    """Assert what holds for any request at all."""
    assert found.reply_to is None or TOPICS.may_reply_to(found.reply_to)
    reply = messages.encode(answer(found.content, meter="charger-1"))
    for kind in (Kind.REPLY_START, Kind.REPLY_STOP):
        decode(kind, reply)
    if isinstance(found.content, Unreadable):
        assert 0 < len(found.content.reason) <= LONGEST_REASON
    return found


@BOTH
@given(message=MESSAGES)
def test_any_message_is_read_and_its_answer_is_one_that_everest_takes(read, message):
    proven(read(message, TOPICS))


@BOTH
@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"null",
        b"true",
        b"[]",
        b"{}",
        b"{",
        b'{"payload"',
        b"\xff\xfe\x00",
        b'{"payload":"\xff"}',
        b'{"payload":"\\ud800"}',
        b'{"\xff":1,"payload":""}',
        b'{"payload":' + b"[" * 100_000,
        b'{"headers":' + b'{"headers":' * 100_000,
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'{"payload":1e999}',
        b'{"payload":' + b"9" * 100_000 + b"}",
        b"\xef\xbb\xbf{}",
        b'{"payload":NaN}',
    ],
    ids=lambda message: repr(message[:24]),
)
def test_what_is_no_request_is_unreadable_and_says_why(read, message):
    found = proven(read(message, TOPICS))
    assert isinstance(found.content, Unreadable)
    assert found.reply_to is None


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize(
    "message",
    [
        b"\x00" * 10_000_000,
        b'{"payload":"' + b"x" * 10_000_000,
        b'{"payload":[' + b"1," * 5_000_000 + b"1]}",
        b'{"payload":{"transaction_id":1,"x":"' + b"x" * 10_000_000 + b'"}}',
    ],
    ids=lambda message: repr(message[:24]),
)
def test_ten_megabytes_of_garbage_are_a_short_reason(read, message):
    assert isinstance(proven(read(message, TOPICS)).content, Unreadable)


@BOTH
def test_a_message_that_is_not_understood_is_still_answered(read):
    found = proven(read(request({"what": 1}, reply_to=REPLY_TO), TOPICS))
    assert isinstance(found.content, Unreadable)
    assert found.reply_to == REPLY_TO


@BOTH
def test_a_request_without_a_payload_is_answered_so(read):
    found = proven(
        read(b'{"headers":{"replyTo":"' + REPLY_TO.encode() + b'"}}', TOPICS)
    )
    assert found.content == Unreadable(reason="it has no payload")
    assert found.reply_to == REPLY_TO


def test_a_start_is_read_with_all_its_fields():
    found = read_start(request(START, reply_to=REPLY_TO), TOPICS)
    assert found.reply_to == REPLY_TO
    assert found.content == StartTransactionRequest(
        evse_id="DE*E1",
        transaction_id="t-1",
        identification_status=IdentificationStatus.ASSIGNED,
        identification_level=IdentificationLevel.TRUSTED,
        identification_flags=[IdentificationFlag.RFID_PLAIN],
        identification_type=IdentificationType.ISO14443,
        identification_data="ABCD",
        tariff_text="0,50 EUR",
    )


def test_a_start_without_its_optional_fields_is_read():
    least = {
        name: START[name]
        for name in (
            *("evse_id", "transaction_id", "identification_status"),
            *("identification_flags", "identification_type"),
        )
    }
    content = read_start(request(least), TOPICS).content
    assert isinstance(content, StartTransactionRequest)
    assert content.tariff_text is None


@pytest.mark.parametrize("field", sorted(START))
def test_a_start_whose_field_is_of_another_kind_is_not_understood(field):
    content = read_start(request({**START, field: 7}), TOPICS).content
    assert isinstance(content, Unreadable)
    assert field in content.reason


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("identification_status", "PERHAPS"),
        ("identification_level", "ABSOLUTE"),
        ("identification_flags", ["RFID_PLAIN", "RFID_FANCY"]),
        ("identification_flags", ["RFID_PLAIN"] * 5),
        ("identification_type", "FINGERPRINT"),
        ("tariff_text", "x" * 251),
    ],
)
def test_a_start_with_a_value_that_is_not_in_the_contract_is_not_understood(
    field, value
):
    content = read_start(request({**START, field: value}), TOPICS).content
    assert isinstance(content, Unreadable)


def test_a_reason_that_quotes_what_came_is_cut_short():
    message = request({**START, "identification_type": "x" * 100_000})
    content = read_start(message, TOPICS).content
    assert isinstance(content, Unreadable)
    assert len(content.reason) == LONGEST_REASON


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_fields_that_we_do_not_know_are_legal(extra):
    message = msgspec.json.encode(
        {
            **extra,
            "headers": {**extra, "replyTo": REPLY_TO},
            "payload": {**extra, **START},
        }
    )
    found = read_start(message, TOPICS)
    assert isinstance(found.content, StartTransactionRequest)
    assert found.reply_to == REPLY_TO


@given(st.text().filter(lambda text: text.isascii()))
def test_a_stop_is_read_in_both_its_forms(transaction_id):
    wanted = StopTransactionRequest(transaction_id=transaction_id)
    bare = request(transaction_id, reply_to=REPLY_TO)
    whole = request({"transaction_id": transaction_id, "x": 1}, reply_to=REPLY_TO)
    for message in (bare, whole):
        found = read_stop(message, TOPICS)
        assert found == Request(content=wanted, reply_to=REPLY_TO)


@BOTH
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"headers": None},
        {"headers": {}},
        {"headers": []},
        {"headers": "x"},
        {"headers": {"replyTo": None}},
        {"headers": {"replyTo": 7}},
        {"headers": {"replyTo": ""}},
        {"headers": {"replyTo": [REPLY_TO]}},
        {"headers": {"reply_to": REPLY_TO}},
    ],
    ids=str,
)
def test_a_request_that_wants_no_answer_is_read_and_gets_none(read, headers):
    payload = START if read is read_start else ""
    found = read(msgspec.json.encode({**headers, "payload": payload}), TOPICS)
    assert not isinstance(found.content, Unreadable)
    assert found.reply_to is None


def test_ending_all_that_is_open_succeeds_as_nothing_is():
    reply = answer(StopTransactionRequest(transaction_id=""), meter="m")
    assert reply == messages.Reply(status=Status.OK)


@pytest.mark.parametrize(
    "content",
    [
        msgspec.convert(START, StartTransactionRequest),
        StopTransactionRequest(transaction_id="t-1"),
    ],
    ids=["start", "stop"],
)
def test_a_meter_that_does_not_sign_says_so(content):
    reply = answer(content, meter="charger-1")
    assert reply.status is Status.NOT_SUPPORTED
    assert reply.error is not None
    assert "charger-1" in reply.error
    assert "signing = none" in reply.error


def test_what_was_not_understood_is_an_error_with_its_reason():
    reply = answer(Unreadable(reason="it is Tuesday"), meter="m")
    assert reply.status is Status.UNEXPECTED_ERROR
    assert reply.error == "request not understood: it is Tuesday"


@given(st.sampled_from(READERS), st.text())
def test_a_reply_topic_that_is_not_ours_to_write_is_not_written(read, topic):
    found = read(request("", reply_to=topic), TOPICS)
    assert (found.reply_to is None) == (not TOPICS.may_reply_to(topic))


@pytest.mark.parametrize("field", ["transaction_id", "evse_id"])
def test_what_the_journal_would_keep_has_a_bound(field):
    longest = {**START, field: "x" * LONGEST_NAME}
    content = read_start(request(longest), TOPICS).content
    assert not isinstance(content, Unreadable)
    longer = {**START, field: "x" * (LONGEST_NAME + 1)}
    content = read_start(request(longer), TOPICS).content
    assert "length <= 255" in content.reason

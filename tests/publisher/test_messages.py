# SPDX-License-Identifier: Apache-2.0
"""The payloads: numbers EVerest can bear, time stamps, replies."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import UnionType
from typing import Any, get_origin

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.codec import Kind, decode
from publisher import messages
from publisher.messages import (
    LARGEST_FLOAT32,
    DiscoverReply,
    DiscoverRequest,
    Headers,
    Reply,
    StartTransactionReply,
    Status,
    StopTransactionReply,
    number,
    timestamp,
)
from publisher.values import Powermeter, Totals

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_time_stamp_is_the_instant_cut_to_milliseconds(wall_ns):
    text = timestamp(wall_ns)
    assert text.endswith("Z")
    assert len(text) == len("2026-08-21T10:00:00.123Z")
    instant = datetime.fromisoformat(text)
    assert (instant - EPOCH) // timedelta(milliseconds=1) == wall_ns // 1_000_000


@given(st.floats())
def test_a_number_is_finite_and_within_float32_or_is_none(value):
    kept = number(value)
    if kept is None:
        assert not math.isfinite(value) or abs(value) > LARGEST_FLOAT32
    else:
        assert kept == value
        assert abs(kept) <= LARGEST_FLOAT32


def test_the_largest_float32_itself_is_borne():
    assert number(LARGEST_FLOAT32) == LARGEST_FLOAT32
    assert number(math.nextafter(LARGEST_FLOAT32, math.inf)) is None


def anything_of(kind: Any) -> st.SearchStrategy:
    """Draw a value of a type, every optional field of it present or absent."""
    if kind is float:
        return st.floats(-LARGEST_FLOAT32, LARGEST_FLOAT32, width=32)
    if isinstance(kind, UnionType):
        return st.one_of(*map(anything_of, kind.__args__))
    if get_origin(kind) is list:
        return st.lists(anything_of(kind.__args__[0]), max_size=2)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = {
            field.name: anything_of(field.type)
            for field in msgspec.structs.fields(kind)
        }
        return st.builds(kind, **fields)
    return st.from_type(kind)


def without_nulls(document: object) -> bool:
    match document:
        case dict():
            return all(map(without_nulls, document.values()))
        case list():
            return all(map(without_nulls, document))
        case _:
            return document is not None


@given(anything_of(Powermeter))
def test_everest_takes_every_field_of_the_values_and_loses_none(message):
    payload = messages.encode(message)
    document = msgspec.json.decode(payload)
    assert without_nulls(document)
    assert decode(Kind.POWERMETER_VALUES, payload) == document
    assert msgspec.json.decode(payload, type=Powermeter) == message


@pytest.mark.parametrize(
    ("reply_type", "kind"),
    [
        (Reply, Kind.REPLY_START),
        (Reply, Kind.REPLY_STOP),
        (StartTransactionReply, Kind.REPLY_START),
        (StopTransactionReply, Kind.REPLY_STOP),
    ],
)
@given(data=st.data())
def test_everest_takes_every_reply_and_loses_no_field_of_it(reply_type, kind, data):
    payload = messages.encode(data.draw(anything_of(reply_type)))
    document = msgspec.json.decode(payload)
    assert without_nulls(document)
    assert decode(kind, payload) == document


VERDICTS = Path(__file__).parents[1] / "vectors" / "everest_codec_verdicts.jsonl"
CASES = [
    msgspec.json.decode(line)
    for line in VERDICTS.read_bytes().splitlines()
    if line.startswith(b"{")
]


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        (Kind.POWERMETER_VALUES, Powermeter),
        (Kind.REPLY_START, StartTransactionReply),
        (Kind.REPLY_STOP, StopTransactionReply),
        (Kind.DISCOVER_RESPONSE, DiscoverReply),
    ],
)
def test_every_field_that_everest_reads_has_its_place_here(kind, ours):
    """What its codec keeps of a message of ours, our types keep too."""
    kept = [
        msgspec.json.decode(case["result"])
        for case in CASES
        if case["type"] == kind and case["verdict"] == "OK"
    ]
    assert kept
    for document in kept:
        if not without_nulls(document):  # it read a number beyond float32
            continue
        again = messages.encode(msgspec.convert(document, ours))
        if ours is not DiscoverReply:  # which is only read, so it may write nulls
            assert msgspec.json.decode(again) == document


def test_a_question_says_where_its_answers_go():
    asked = messages.encode(
        DiscoverRequest(headers=Headers(reply_to="a/b"), payload={})
    )
    assert asked == b'{"headers":{"replyTo":"a/b"},"payload":{}}'
    assert decode(Kind.REQUEST_REPLY, asked) == msgspec.json.decode(asked)


def test_a_reply_without_an_error_has_no_such_field():
    assert messages.encode(Reply(status=Status.OK)) == b'{"status":"OK"}'


def test_the_least_message_has_what_everest_requires_and_no_more():
    least = Powermeter(timestamp=timestamp(0), energy_import=Totals(total=1.5))
    assert msgspec.json.decode(messages.encode(least)) == {
        "timestamp": "1970-01-01T00:00:00.000Z",
        "energy_Wh_import": {"total": 1.5},
    }

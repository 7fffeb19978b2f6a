# SPDX-License-Identifier: Apache-2.0
"""The payloads: numbers EVerest can bear, time stamps, replies."""

import math
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.codec import Kind, decode
from publisher import messages
from publisher.messages import (
    LARGEST_FLOAT32,
    Powermeter,
    Reply,
    Status,
    Totals,
    number,
    timestamp,
)

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


@given(st.builds(Reply, status=st.sampled_from(Status), error=st.none() | st.text()))
def test_everest_takes_every_reply_to_a_start_and_to_a_stop(reply):
    payload = messages.encode(reply)
    assert None not in msgspec.json.decode(payload).values()
    for kind in (Kind.REPLY_START, Kind.REPLY_STOP):
        assert decode(kind, payload)["status"] == reply.status.value


def test_a_reply_without_an_error_has_no_such_field():
    assert messages.encode(Reply(status=Status.OK)) == b'{"status":"OK"}'


def test_the_least_message_has_what_everest_requires_and_no_more():
    least = Powermeter(timestamp=timestamp(0), energy_import=Totals(total=1.5))
    assert msgspec.json.decode(messages.encode(least)) == {
        "timestamp": "1970-01-01T00:00:00.000Z",
        "energy_Wh_import": {"total": 1.5},
    }

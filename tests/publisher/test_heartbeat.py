# SPDX-License-Identifier: Apache-2.0
"""A module's heartbeat: gaps, restarts, the wrap, garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.heartbeat import VALUES, Change, Heartbeat, read

COUNTS = st.integers(0, VALUES - 1)


def heard(*counts: int) -> list[Change | None]:
    beat = Heartbeat()
    return [beat.heard(count, 0) for count in counts]


@pytest.mark.parametrize(
    ("before", "count", "change"),
    [
        (7, 8, None),
        (7, 1007, None),  # a gap: QoS 0
        (7, 0, Change.RESTARTED),
        (7, 6, Change.RESTARTED),
        (0, 0, Change.RESTARTED),  # before its second beat
        (VALUES - 1, 0, None),  # the wrap
        (VALUES - 2, 1, None),  # the wrap in a gap
        (1, VALUES - 1, Change.RESTARTED),
    ],
)
def test_a_count_that_does_not_go_on_is_a_restart(before, count, change):
    assert heard(before, count) == [Change.FOUND, change]


@given(first=COUNTS, steps=st.lists(st.integers(1, 1000), max_size=20))
def test_whatever_goes_up_is_no_restart_wherever_it_wraps(first, steps):
    count, counts = first, [first]
    for step in steps:
        count = (count + step) % VALUES
        counts.append(count)
    assert heard(*counts) == [Change.FOUND] + [None] * len(steps)


def test_silence_is_told_once_and_so_is_its_end():
    beat = Heartbeat()
    assert beat.missed(10**18, 5) is None  # it never spoke
    beat.heard(1, 100)
    assert [beat.missed(at, 5) for at in (104, 105, 106)] == [None, Change.LOST, None]
    assert beat.lost_at_ns(5) is None
    assert [beat.heard(9, 200), beat.heard(10, 201)] == [Change.BACK, None]
    assert beat.missed(206, 5) is Change.LOST
    assert beat.heard(0, 300) is Change.RESTARTED


def test_a_silence_that_could_not_be_heard_is_excused():
    beat = Heartbeat()
    beat.heard(1, 100)
    beat.excuse(1000)
    assert beat.missed(1004, 5) is None
    assert beat.missed(1005, 5) is Change.LOST


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"-1", b"1.5", b"true", b"null", b'"1"', b"18446744073709551616"),
        *(b"[1]", b"\xff", b"9" * 10_000_000, b"0x1"),
    ],
    ids=lambda payload: repr(payload[:24]),
)
def test_what_is_no_count_is_none(payload):
    assert read(payload) is None


@given(COUNTS)
def test_every_count_is_read(count):
    assert read(b"%d" % count) == count


@given(st.binary(max_size=40))
def test_any_payload_is_a_count_or_none(payload):
    assert read(payload) is None or 0 <= read(payload) < VALUES

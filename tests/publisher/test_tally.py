# SPDX-License-Identifier: Apache-2.0
"""What happened, counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.health import Health
from publisher.messages import Status
from publisher.outbox import Note
from publisher.tally import MOST_PENDING, Tally
from tests.fakes import FakeClock

GOOD, STALE = Health(reason=""), Health(reason="too old")


class Case:
    def __init__(self):
        self.clock = FakeClock()
        self.tally = Tally(self.clock)

    @property
    def meter(self):
        return self.tally.meters["m"]


def test_a_health_lasts_since_it_changed():
    case = Case()
    assert case.meter.reason is None
    case.tally.health("m", GOOD)
    since_ns = case.clock.wall_ns()
    case.clock.advance(100)
    case.tally.health("m", GOOD)
    assert (case.meter.reason, case.meter.since_ns) == ("", since_ns)
    case.tally.health("m", STALE)
    assert (case.meter.reason, case.meter.since_ns) == (
        "too old",
        case.clock.wall_ns(),
    )


def test_only_a_health_that_was_good_is_lost():
    case = Case()
    for health in (STALE, GOOD, STALE, STALE):
        case.tally.health("m", health)
    [trouble] = case.tally.troubles.newest()
    assert (trouble.meter, trouble.kind, trouble.count) == ("m", "health_lost", 1)
    assert trouble.detail == "too old"


def test_a_reply_is_timed_from_its_request():
    case = Case()
    case.tally.asked("m", "start", "a/reply/1")
    case.clock.advance(0.3)
    case.tally.asked("m", "stop", "a/reply/2")
    case.clock.advance(0.1)
    case.tally.replied("a/reply/1", Status.OK)
    case.tally.replied("a/reply/2", Status.UNEXPECTED_ERROR)
    assert case.meter.requests == {"start": 1, "stop": 1}
    assert case.meter.replies == {"ok": 1, "not_supported": 0, "unexpected_error": 1}
    assert case.tally.latency.total == 2
    assert case.tally.latency.sum_s == pytest.approx(0.5)


def test_a_reply_that_nobody_asked_for_is_not_timed():
    case = Case()
    case.tally.replied("a/reply/1", Status.OK)
    assert case.tally.latency.total == 0


def test_a_request_without_an_address_is_counted_and_waits_for_nothing():
    case = Case()
    case.tally.asked("m", "stop", None)
    assert case.meter.requests == {"stop": 1}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 300)), max_size=400))
def test_whatever_is_asked_and_answered_nothing_grows(steps):
    case = Case()
    asked = set()
    for is_request, number in steps:
        topic = f"a/reply/{number}"
        if is_request:
            case.tally.asked("m", "start", topic)
            asked.add(topic)
        else:
            case.tally.replied(topic, Status.OK)
        assert len(case.tally._pending) <= MOST_PENDING
    assert case.tally.latency.total <= len(steps)
    assert case.meter.requests["start"] == sum(is_request for is_request, _ in steps)


def test_of_too_many_that_wait_the_oldest_is_timed_no_more():
    case = Case()
    for number in range(MOST_PENDING + 1):
        case.tally.asked("m", "start", f"a/reply/{number}")
    for number in range(MOST_PENDING + 1):
        case.tally.replied(f"a/reply/{number}", Status.OK)
    assert case.tally.latency.total == MOST_PENDING


def test_the_topic_of_an_earlier_request_is_timed_anew():
    case = Case()
    case.tally.asked("m", "start", "a/reply/1")
    case.clock.advance(10)
    case.tally.asked("m", "start", "a/reply/1")
    case.clock.advance(1)
    case.tally.replied("a/reply/1", Status.OK)
    assert case.tally.latency.sum_s == pytest.approx(1)


def test_notes_of_a_transaction_are_its_outcomes():
    case = Case()
    for event in ("transaction_begun", "transaction_ended", "transaction_begun"):
        case.tally.noted(Note(event=event, meter="m"))
    case.tally.noted(Note(event="journal_good"))
    case.tally.noted(Note(event="request_refused", meter="m"))
    assert case.meter.transactions == {"begun": 2, "ended": 1}
    assert case.tally.moves == 4
    assert case.tally.troubles.newest() == []


def test_a_warning_is_a_trouble():
    case = Case()
    note = Note(event="journal_unwritable", detail="disk full", is_warning=True)
    case.tally.noted(note)
    [trouble] = case.tally.troubles.newest()
    assert (trouble.meter, trouble.kind) == (None, "journal_unwritable")
    assert trouble.detail == "disk full"
    assert trouble.last_ns == case.clock.wall_ns()

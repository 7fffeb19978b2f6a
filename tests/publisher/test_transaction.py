# SPDX-License-Identifier: Apache-2.0
"""The rules of a transaction, one story each."""

import pytest

from publisher.callers import MOST_CALLERS
from publisher.events import (
    Abandoned,
    Begun,
    Closed,
    Ended,
    Ignored,
    JournalFailed,
    Opened,
    ReadingFailed,
    ReadingTaken,
    Recalled,
    Refused,
    Settle,
)
from publisher.ocmf import Cause, MeterState
from publisher.state import Phase
from publisher.transaction import TRANSITIONS
from tests.publisher.stories import (
    PATIENCE_NS,
    begun,
    reading,
    start,
    stop,
    stop_all,
)
from tests.publisher.telling import Story, finished_as, refusals


def test_a_start_is_answered_when_its_begin_is_on_disk():
    story = Story().tell(start()).recalls().reads(1000)
    assert story.asked.open.begin.energy_mwh == 1000
    assert story.answers == []
    assert story.opens().answers == [("c-1", Begun())]
    assert story.state.phase is Phase.OPEN


def test_a_stop_is_answered_with_the_record_when_it_is_on_disk():
    story = Story().opened().tell(stop()).reads(1500, after_s=60)
    assert story.asked.ending.energy_mwh == 1500
    assert story.asked.ending.cause is Cause.END
    assert story.answers == []
    assert story.closes().answers == [("c-2", Ended(finished=finished_as()))]
    assert story.state.phase is Phase.IDLE


def test_readings_are_taken_after_the_request_and_before_its_deadline():
    story = Story().tell(start(at_ns=77)).recalls()
    assert story.asked.since_ns == 77
    assert story.asked.deadline_ns == 77 + PATIENCE_NS
    story.reads().opens().tell(stop(at_ns=99))
    assert story.asked.since_ns == 99
    assert story.asked.deadline_ns == 99 + PATIENCE_NS


def test_the_same_start_again_has_the_same_answer_and_does_nothing():
    story = Story().opened().tell(start(caller="again"))
    assert story.answers == [("again", Begun())]
    assert len(story.effects) == 1


def test_the_same_start_while_it_is_in_flight_is_answered_with_it():
    story = Story().tell(start()).tell(start(caller="again"))
    assert story.effects == ()
    story.tell(Recalled(ask=story.state.ask, finished=None)).reads().opens()
    assert story.answers == [("c-1", Begun()), ("again", Begun())]


def test_the_same_message_come_twice_is_answered_once():
    story = Story().tell(start())
    waiting = story.state
    assert story.tell(start()).state == waiting


def test_a_start_with_an_open_id_and_other_content_is_refused_and_changes_nothing():
    story = Story().opened()
    before = story.state
    story.tell(start(caller="other", evse_id="DE*E2"))
    assert refusals(story) == ["other"]
    assert story.state == before


def test_a_start_over_an_open_transaction_ends_that_one_first():
    story = Story().opened("old").tell(start("new", "c-9")).recalls().reads(1500)
    assert story.asked.open.transaction_id == "old"
    assert story.asked.ending.cause is Cause.ABORTED
    story.closes().reads(1500).opens()
    assert story.answers == [("c-9", Begun())]
    assert story.state.open.transaction_id == "new"


def test_a_start_over_an_open_transaction_with_a_silent_meter_leaves_that_one_open():
    story = Story().opened("old").tell(start("new", "c-9")).recalls().stays_silent()
    assert refusals(story) == ["c-9"]
    assert story.state.phase is Phase.OPEN
    assert story.state.open.transaction_id == "old"


def test_a_start_of_an_id_that_has_ended_is_refused():
    story = Story().tell(start()).recalls(finished_as())
    assert refusals(story) == ["c-1"]
    assert story.state.phase is Phase.IDLE


@pytest.mark.parametrize("request_", [start(""), stop_all()])
def test_an_empty_id_begins_nothing(request_):
    assert Story().tell(request_).state.phase is Phase.IDLE


def test_a_start_with_a_silent_meter_leaves_nothing_open():
    story = Story().tell(start()).recalls().stays_silent()
    assert refusals(story) == ["c-1"]
    assert story.state.phase is Phase.IDLE
    assert story.state.open is None


def test_a_start_that_cannot_be_written_leaves_nothing_open():
    story = Story().tell(start()).recalls().reads().disk_fails()
    assert story.answers == [("c-1", Refused(reason="the disk is full"))]
    assert story.state.open is None


def test_a_stop_of_a_finished_id_gives_the_stored_record():
    stored = finished_as("old", 7)
    story = Story().opened().tell(stop("old")).recalls(stored)
    assert story.answers == [("c-2", Ended(finished=stored))]
    assert story.state.phase is Phase.OPEN


def test_a_stop_of_an_unknown_id_is_refused_and_nothing_is_written():
    story = Story().opened().tell(stop("unknown")).recalls()
    assert refusals(story) == ["c-2"]
    assert len(story.effects) == 1
    assert story.state.open.transaction_id == "t-1"


def test_a_stop_with_a_silent_meter_can_still_succeed_later():
    story = Story().opened().tell(stop()).stays_silent()
    assert refusals(story) == ["c-2"]
    assert story.state.phase is Phase.OPEN
    story.tell(stop(caller="later")).reads(1500).closes()
    assert story.answers[-1] == ("later", Ended(finished=finished_as()))


def test_a_stop_that_cannot_be_written_can_still_succeed_later():
    story = Story().opened().tell(stop()).reads(1500).disk_fails()
    assert refusals(story) == ["c-2"]
    story.tell(stop(caller="later")).reads(1600).closes()
    assert story.answers[-1] == ("later", Ended(finished=finished_as()))


def test_two_stops_at_once_have_one_record():
    story = Story().opened().tell(stop()).tell(stop(caller="second"))
    taken = reading(1500)
    story.tell(ReadingTaken(ask=story.state.ask, reading=taken))
    story.tell(stop(caller="third"))
    story.tell(Closed(ask=story.state.ask, finished=finished_as()))
    ended = Ended(finished=finished_as())
    assert story.answers == [("c-2", ended), ("second", ended), ("third", ended)]


def test_a_stop_behind_its_own_start_waits_for_it():
    story = Story().tell(start()).recalls()
    story.tell(stop())
    assert story.effects == ()
    story.tell(ReadingTaken(ask=story.state.ask, reading=reading(1000))).opens()
    assert story.answers == [("c-1", Begun())]
    story.reads(1500).closes()
    assert story.answers[-1] == ("c-2", Ended(finished=finished_as()))


def test_a_stop_behind_a_start_that_failed_finds_nothing():
    story = Story().tell(start()).recalls().tell(stop())
    story.tell(ReadingFailed(ask=story.state.ask, reason="silent")).recalls()
    assert refusals(story) == ["c-1", "c-2"]


def test_what_was_open_goes_on_with_the_same_meter():
    story = Story(begun(energy_mwh=1000)).reads(1000, boot="boot-2")
    assert story.state.phase is Phase.OPEN
    story.tell(stop()).reads(1500, boot="boot-2")
    assert story.asked.ending.cause is Cause.POWER_FAILURE
    assert story.closes().answers == [("c-2", Ended(finished=finished_as()))]


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ({"serial": "S2"}, MeterState.EXCHANGED),
        ({"energy_mwh": 999}, MeterState.OUT_OF_RANGE),
    ],
)
def test_what_was_open_is_ended_as_it_is_if_the_meter_is_not_the_one(found, state):
    story = Story(begun(energy_mwh=1000)).reads(**found)
    assert story.asked.ending.state is state
    assert "E" in story.asked.ending.unusable
    assert story.closes().state.phase is Phase.IDLE
    story.tell(stop()).recalls(finished_as())
    assert story.answers == [("c-2", Ended(finished=finished_as()))]


def test_what_was_open_can_be_stopped_before_the_meter_has_answered():
    story = Story(begun(energy_mwh=1000)).tell(stop()).stays_silent()
    assert refusals(story) == ["c-2"]
    assert story.state.phase is Phase.RESUMING
    story.tell(stop()).reads(1500).closes()
    assert story.answers[-1] == ("c-2", Ended(finished=finished_as()))


def test_the_start_of_what_was_open_is_answered_as_before():
    story = Story(begun(energy_mwh=1000)).tell(start())
    assert story.answers == [("c-1", Begun())]
    assert story.state.phase is Phase.RESUMING


def test_more_callers_than_there_is_room_for_are_refused_at_once():
    story = Story().opened()
    for number in range(MOST_CALLERS):
        story.tell(stop(caller=f"early-{number}"))
    assert story.answers == []
    for event in (stop(caller="late"), stop("other", "late"), start("new", "late")):
        before = story.state
        story.tell(event)
        assert story.state == before
    assert refusals(story) == ["late"] * 3
    story.tell(stop(caller="early-0"))
    assert len(story.answers) == 3


def test_an_answer_to_an_older_question_changes_nothing_and_is_said():
    story = Story().tell(start()).recalls()
    before = story.state
    story.tell(ReadingTaken(ask=story.state.ask - 1, reading=reading()))
    assert story.effects == (Ignored(event="ReadingTaken", phase="beginning"),)
    assert story.state == before


def test_every_phase_has_a_row_and_every_request_a_rule_in_it():
    assert set(TRANSITIONS) == set(Phase)
    for phase, row in TRANSITIONS.items():
        if phase is not Phase.SETTLING:
            assert {type(start()), type(stop()), type(stop_all())} <= set(row)


@pytest.mark.parametrize("open_", [None, begun()])
def test_an_event_without_a_rule_changes_nothing_and_is_said(open_):
    story = Story(open_)
    before = story.state
    ask = story.state.ask
    for event in (
        Opened(ask=ask),
        Closed(ask=ask, finished=finished_as()),
        Abandoned(ask=ask),
        Recalled(ask=ask, finished=None),
        ReadingFailed(ask=ask, reason="silent"),
        JournalFailed(ask=ask, reason="full"),
        Settle(),
    ):
        story.tell(event)
        assert story.state == before
        [ignored] = story.effects
        assert ignored.event == type(event).__name__

# SPDX-License-Identifier: Apache-2.0
"""End everything: at once, first of all, and truly."""

from publisher.callers import MOST_CALLERS
from publisher.events import (
    Abandoned,
    Begun,
    Cleared,
    Closed,
    Ended,
)
from publisher.ocmf import Cause
from publisher.state import Phase
from tests.publisher.stories import (
    reading,
    start,
    stop,
    stop_all,
)
from tests.publisher.telling import Story, finished_as, refusals


def test_end_everything_is_ok_at_once_when_nothing_is_open():
    story = Story().tell(stop_all())
    assert story.answers == [("c-3", Cleared())]
    assert len(story.effects) == 1


def test_end_everything_is_ok_once_it_is_on_disk_and_does_not_wait_for_the_meter():
    story = Story().opened().tell(stop_all(at_ns=5))
    assert story.answers == []
    assert story.abandons().answers == [("c-3", Cleared())]
    assert story.state.phase is Phase.DANGLING
    assert (story.asked.since_ns, story.asked.deadline_ns) == (5, None)
    story.reads(1500)
    assert story.asked.ending.cause is Cause.ABORTED
    assert story.closes().state.phase is Phase.IDLE


def test_end_everything_breaks_a_start_off():
    story = Story().tell(start()).recalls().tell(stop_all())
    assert refusals(story) == ["c-1"]
    assert story.answers[-1] == ("c-3", Cleared())
    assert story.state.phase is Phase.IDLE


def test_end_everything_lets_a_stop_in_hand_have_its_record():
    story = Story().opened().tell(stop()).tell(stop_all()).abandons()
    assert story.answers == [("c-3", Cleared())]
    story.reads(1500).closes()
    assert story.answers[-1] == ("c-2", Ended(finished=finished_as()))


def test_a_stop_that_made_way_for_end_everything_is_the_next_again():
    story = Story().opened().tell(stop()).tell(stop("unknown", "c-9", at_ns=1))
    story.tell(stop_all()).abandons().reads(1500).closes().recalls()
    assert [caller for caller, _ in story.answers] == ["c-3", "c-2", "c-9"]


def test_end_everything_refuses_the_starts_that_wait():
    story = Story().opened().tell(stop()).tell(start("new", "c-9")).tell(stop_all())
    assert refusals(story) == ["c-9"]
    assert story.abandons().answers[-1] == ("c-3", Cleared())


def test_end_everything_while_a_record_is_written_stops_the_start_after_it():
    story = Story().opened("old").tell(start("new", "c-9")).recalls().reads(1500)
    ask = story.state.ask
    story.tell(stop_all())
    assert refusals(story) == ["c-9"]
    story.tell(Closed(ask=ask, finished=finished_as("old")))
    assert story.answers[-1] == ("c-3", Cleared())
    assert story.state.phase is Phase.IDLE


def test_end_everything_that_cannot_be_written_is_not_called_ok():
    story = Story().opened().tell(stop_all()).disk_fails()
    assert refusals(story) == ["c-3"]
    assert story.state.phase is Phase.OPEN
    assert not story.state.open.is_dangling


def test_a_dangling_transaction_is_ended_before_another_begins():
    story = Story().opened("old").tell(stop_all()).abandons()
    story.tell(start("new", "c-9")).recalls().reads(1500)
    assert story.asked.open.transaction_id == "old"
    story.closes().reads(1500).opens()
    assert story.answers[-1] == ("c-9", Begun())


def test_a_dangling_transaction_is_not_begun_again():
    story = Story().opened().tell(stop_all()).abandons().tell(start(caller="again"))
    assert refusals(story) == ["again"]
    assert story.state.phase is Phase.DANGLING


def test_a_stop_of_a_dangling_transaction_has_its_record_and_it_says_aborted():
    story = Story().opened().tell(stop_all()).abandons().tell(stop()).reads(1500)
    assert story.asked.ending.cause is Cause.ABORTED
    assert story.closes().answers[-1] == ("c-2", Ended(finished=finished_as()))


def test_a_dangling_end_that_cannot_be_written_waits_for_the_next_reading():
    story = Story().opened().tell(stop_all()).abandons()
    story.reads(1500, after_s=60).disk_fails()
    assert story.state.phase is Phase.DANGLING
    assert story.asked.since_ns == reading(after_s=60).mono_ns + 1


def test_end_everything_has_room_when_all_else_is_full():
    story = Story().opened()
    for number in range(MOST_CALLERS):
        story.tell(stop(caller=f"early-{number}"))
    assert story.tell(stop_all()).abandons().answers == [("c-3", Cleared())]


def test_end_everything_come_twice_is_answered_once():
    story = Story().opened().tell(stop_all())
    story.tell(stop_all())
    story.tell(Abandoned(ask=story.state.ask))
    assert story.answers == [("c-3", Cleared())]


def test_end_everything_while_a_stop_is_written_lets_both_have_their_answer():
    story = Story().opened().tell(stop()).reads(1500)
    ask = story.state.ask
    story.tell(stop_all()).tell(Closed(ask=ask, finished=finished_as()))
    ended = Ended(finished=finished_as())
    assert story.answers == [("c-2", ended), ("c-3", Cleared())]


def test_those_who_want_everything_ended_are_bounded_too():
    story = Story().opened().tell(stop_all())
    for number in range(MOST_CALLERS):
        story.tell(stop_all(caller=f"more-{number}"))
    assert refusals(story) == [f"more-{MOST_CALLERS - 1}"]

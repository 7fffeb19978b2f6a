# SPDX-License-Identifier: Apache-2.0
"""A transaction core, told one thing after the other."""

from publisher.events import (
    Abandoned,
    Answer,
    Begun,
    Closed,
    JournalFailed,
    Opened,
    PersistAbandon,
    PersistBegin,
    PersistEnd,
    ReadingFailed,
    ReadingTaken,
    Recall,
    Recalled,
    Refused,
    TakeReading,
)
from publisher.reading import Finished
from publisher.transaction import handle, resume
from tests.publisher.stories import (
    reading,
    start,
)


class Story:
    """A core, told one thing after the other."""

    def __init__(self, open_=None):
        self.state, self.effects = resume(open_)
        self.answers = []
        self.numbers = 0

    @property
    def asked(self):
        """The one question among the effects of the last event."""
        [question] = [found for found in self.effects if not isinstance(found, Answer)]
        return question

    def tell(self, event):
        self.state, self.effects = handle(self.state, event)
        told = [found for found in self.effects if isinstance(found, Answer)]
        self.answers += [(answer.caller, answer.outcome) for answer in told]
        return self

    def recalls(self, finished=None):
        assert isinstance(self.asked, Recall)
        return self.tell(Recalled(ask=self.state.ask, finished=finished))

    def reads(self, energy_mwh=1000, **fields):
        assert isinstance(self.asked, TakeReading)
        taken = reading(energy_mwh, **fields)
        return self.tell(ReadingTaken(ask=self.state.ask, reading=taken))

    def stays_silent(self):
        assert self.asked.deadline_ns is not None
        return self.tell(ReadingFailed(ask=self.state.ask, reason="no reading in 30 s"))

    def opens(self):
        assert isinstance(self.asked, PersistBegin)
        return self.tell(Opened(ask=self.state.ask))

    def closes(self):
        assert isinstance(self.asked, PersistEnd)
        self.numbers += 1
        name = self.asked.open.transaction_id
        finished = finished_as(name, self.numbers)
        return self.tell(Closed(ask=self.state.ask, finished=finished))

    def abandons(self):
        assert isinstance(self.asked, PersistAbandon)
        return self.tell(Abandoned(ask=self.state.ask))

    def disk_fails(self):
        return self.tell(JournalFailed(ask=self.state.ask, reason="the disk is full"))

    def opened(self, transaction_id="t-1"):
        """Tell of a start that went well, and forget its answer."""
        self.tell(start(transaction_id)).recalls().reads().opens()
        assert self.answers == [("c-1", Begun())]
        self.answers.clear()
        return self


def finished_as(name="t-1", pagination=1):
    return Finished(
        transaction_id=name,
        record=f"OCMF|{name}|",
        pagination=pagination,
        public_key="3059",
    )


def refusals(story):
    return [caller for caller, outcome in story.answers if isinstance(outcome, Refused)]

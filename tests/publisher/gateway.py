# SPDX-License-Identifier: Apache-2.0
"""The transaction core and the journal put together, and EVerest's side of the story.

The smallest loop there is: effects are performed one after the other, a reading is
always to be had, and what is told goes into a file that outlives the process.
"""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from publisher.errors import CounterError, JournalError
from publisher.events import (
    Abandoned,
    Answer,
    Begun,
    Cleared,
    Closed,
    Ended,
    Event,
    Ignored,
    JournalFailed,
    Opened,
    PersistAbandon,
    PersistBegin,
    PersistEnd,
    ReadingTaken,
    Recall,
    Recalled,
    TakeReading,
)
from publisher.journal import Journal
from publisher.transaction import handle, resume
from tests.publisher.stories import KEY, reading, start, stop, stop_all

METER = "m"

STORY = (
    start("t-1", "start t-1"),
    stop("t-1", "stop t-1"),
    start("t-2", "start t-2"),
    start("t-3", "start t-3"),
    stop("t-2", "stop t-2"),
    start("t-3", "start t-3 again"),
    stop_all("stop all"),
    start("t-4", "start t-4"),
    stop("t-4", "stop t-4"),
    stop("t-1", "stop t-1 again"),
)
"""A session; one begun over another; everything ended; and two who ask again."""

EXPECTED = {
    "start t-1": "begun",
    "stop t-1": 'OCMF|{"PG":"T1","ID":"t-1"}|',
    "start t-2": "begun",
    "start t-3": "begun",
    "stop t-2": 'OCMF|{"PG":"T2","ID":"t-2"}|',
    "start t-3 again": "begun",
    "stop all": "cleared",
    "start t-4": "begun",
    "stop t-4": 'OCMF|{"PG":"T4","ID":"t-4"}|',
    "stop t-1 again": 'OCMF|{"PG":"T1","ID":"t-1"}|',
}


class Gateway:
    """Performs effects; `boundary` is called between any two of them."""

    def __init__(
        self,
        journal: Journal,
        answers: Path,
        boundary: Callable[[], None] = lambda: None,
        **meter: object,
    ) -> None:
        self.journal = journal
        self._answers = answers
        self._boundary = boundary
        self._meter = meter
        self._state, effects = resume(journal.open_transactions().get(METER))
        self._perform(effects)

    def hear(self, event: Event) -> None:
        self._state, effects = handle(self._state, event)
        self._perform(effects)

    def _perform(self, effects) -> None:
        todo = deque(effects)
        while todo:
            self._boundary()
            if event := self._do(todo.popleft()):
                self._boundary()
                self._state, effects = handle(self._state, event)
                todo.extend(effects)

    def _do(self, effect) -> Event | None:
        try:
            match effect:
                case Answer():
                    return self._tell(effect)
                case TakeReading(ask=ask):
                    taken = reading(self._count(), **self._meter)
                    return ReadingTaken(ask=ask, reading=taken)
                case Ignored():
                    raise AssertionError(effect)
                case _:
                    return self._write(effect)
        except (JournalError, CounterError) as error:
            return JournalFailed(ask=effect.ask, reason=str(error))

    def _count(self) -> int:
        """Read the meter, which counts on whatever becomes of us."""
        meter = self._answers.with_name("meter")
        energy = int(meter.read_text()) + 1000 if meter.exists() else 1_000_000
        meter.write_text(str(energy))
        return energy

    def _write(self, effect) -> Event:
        match effect:
            case Recall(ask=ask, transaction_id=name):
                return Recalled(ask=ask, finished=self.journal.recall(METER, name))
            case PersistBegin(ask=ask, open=begun):
                self.journal.begin(METER, begun, fingerprint=KEY)
                return Opened(ask=ask)
            case PersistAbandon(ask=ask, open=begun):
                self.journal.abandon(METER, begun.transaction_id)
                return Abandoned(ask=ask)
            case PersistEnd(ask=ask, open=begun, ending=ending):
                name = begun.transaction_id
                finished = self.journal.finish(
                    METER,
                    name,
                    ending,
                    fingerprint=KEY,
                    sign=lambda number: f'OCMF|{{"PG":"T{number}","ID":"{name}"}}|',
                )
                return Closed(ask=ask, finished=finished)
        raise AssertionError(effect)

    def _tell(self, answer: Answer) -> None:
        match answer.outcome:
            case Begun():
                text = "begun"
            case Cleared():
                text = "cleared"
            case Ended(finished=finished):
                text = finished.record
            case refused:
                text = refused.reason
        line = f"{answer.caller}\t{text}\n".encode()
        fd = os.open(self._answers, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(fd, line)
        os.close(fd)


def answers_in(path: Path) -> dict[str, str]:
    """Read who was told what; who was told twice must have been told the same."""
    if not path.exists():
        return {}
    told: dict[str, str] = {}
    for line in path.read_text().splitlines():
        caller, text = line.split("\t")
        assert told.setdefault(caller, text) == text, f"{caller} was told two things"
    return told


def tell_story(gateway: Gateway, answers: Path) -> None:
    """Ask as EVerest does, one after the other, what was not answered yet."""
    for asked in STORY:
        if asked.caller not in answers_in(answers):
            gateway.hear(asked)

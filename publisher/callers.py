# SPDX-License-Identifier: Apache-2.0
"""Who waits for an answer: the request in hand, those behind it, and "end everything".

Both transaction machines keep their callers so. The same request come again, from the
same caller or another, is one job. "End everything" goes before all others, and
refuses the starts that came before it.
"""

from typing import TypeVar

import msgspec
from msgspec.structs import replace

from publisher.events import (
    Answer,
    Outcome,
    Refused,
    Request,
    StartAsked,
    StopAllAsked,
    StopAsked,
)

MOST_CALLERS = 32
"""Callers that may wait at a time. EVerest has two or three; whoever else may write
to its topics must not make us grow."""

_TOO_MANY = Refused(reason="too many requests wait already")
_JOURNAL_FAILED = Refused(reason="the journal had failed meanwhile; ask again")
_CLEARED_AWAY = Refused(reason="everything was asked to end before it could begin")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and everyone who waits for its answer."""

    asked: StartAsked | StopAsked
    callers: tuple[str | None, ...]

    def is_for(self, asked: StartAsked | StopAsked) -> bool:
        """Whether the same was asked before, by whomever and whenever."""
        match self.asked, asked:
            case StartAsked(request=mine), StartAsked(request=other):
                return mine == other
            case StopAsked(transaction_id=mine), StopAsked(transaction_id=other):
                return mine == other
            case _:
                return False


class Callers(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a machine's state that holds them.

    job       the request in hand
    queue     those behind it, in the order they came in
    clearing  callers of "end everything" that are not answered yet
    """

    job: Job | None = None
    queue: tuple[Job, ...] = ()
    clearing: tuple[str | None, ...] = ()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All of them, the one in hand first."""
        return self.queue if self.job is None else (self.job, *self.queue)

    @property
    def waiting(self) -> int:
        """How many callers of a start or of a stop wait for an answer."""
        return sum(len(job.callers) for job in self.jobs)


S = TypeVar("S", bound=Callers)
Answers = tuple[Answer, ...]


def tell(callers: tuple[str | None, ...], outcome: Outcome) -> Answers:
    """Answer each caller the same."""
    return tuple(Answer(caller=caller, outcome=outcome) for caller in callers)


def line_up(state: S, event: Request) -> tuple[S, Answers]:
    """Let the request wait for its turn, or join it to one that asks the same."""
    if isinstance(event, StopAllAsked):
        return _line_up_clearing(state, event)
    if state.job is not None and state.job.is_for(event):
        grown = replace(state, job=_joined(state.job, event.caller))
    else:
        grown = replace(state, queue=_queued(state.queue, event))
    if grown.waiting > MOST_CALLERS:
        return state, tell((event.caller,), _TOO_MANY)
    return grown, ()


def drop_start(state: S) -> tuple[S, Answers]:
    """Refuse the start in hand, if it is one: everything is to end."""
    if state.job is None or isinstance(state.job.asked, StopAsked):
        return state, ()
    return replace(state, job=None), tell(state.job.callers, _CLEARED_AWAY)


def send_away(state: Callers) -> Answers:
    """Refuse everybody who waits: what they wait for is not what the journal holds."""
    callers = [caller for job in state.jobs for caller in job.callers]
    return tell((*callers, *state.clearing), _JOURNAL_FAILED)


def _line_up_clearing(state: S, event: StopAllAsked) -> tuple[S, Answers]:
    """End everything comes first, and the starts that wait will not come to be."""
    clearing = state.clearing
    if event.caller not in clearing:
        clearing = (*clearing, event.caller)
    if len(clearing) > MOST_CALLERS:
        return state, tell((event.caller,), _TOO_MANY)
    told: Answers = ()
    for job in state.queue:
        if isinstance(job.asked, StartAsked):
            told += tell(job.callers, _CLEARED_AWAY)
    stops = tuple(job for job in state.queue if isinstance(job.asked, StopAsked))
    return replace(state, clearing=clearing, queue=stops), told


def _queued(queue: tuple[Job, ...], asked: StartAsked | StopAsked) -> tuple[Job, ...]:
    for at, job in enumerate(queue):
        if job.is_for(asked):
            return (*queue[:at], _joined(job, asked.caller), *queue[at + 1 :])
    return (*queue, Job(asked=asked, callers=(asked.caller,)))


def _joined(job: Job, caller: str | None) -> Job:
    """Add a caller; one that is there already is the same message come twice."""
    if caller in job.callers:
        return job
    return replace(job, callers=(*job.callers, caller))

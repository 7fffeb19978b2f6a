# SPDX-License-Identifier: Apache-2.0
"""Requests that come while another is in hand: they wait, join it, or break in.

The same request come again, from the same caller or another, is one job. "End
everything" waits for no meter: it goes before all others, and refuses the starts
that came before it.
"""

from msgspec.structs import replace

from publisher.events import (
    Effect,
    Refused,
    Request,
    StartAsked,
    StopAllAsked,
    StopAsked,
)
from publisher.state import Job, Phase, State, Step, tell

MOST_CALLERS = 32
"""Callers that may wait at a time. EVerest has two or three; whoever else may write
to its topics must not make us grow."""

_TOO_MANY = Refused(reason="too many requests wait already")
_CLEARED_AWAY = Refused(reason="everything was asked to end before it could begin")


def take(state: State, event: Request) -> Step:
    """Nothing is in hand: see to the request now."""
    state, effects = queue(state, event)
    return replace(state, phase=Phase.SETTLING), effects


def queue(state: State, event: Request) -> Step:
    """Let the request wait for its turn, or join it to one that asks the same."""
    if isinstance(event, StopAllAsked):
        return _queue_clearing(state, event)
    if state.job is not None and state.job.is_for(event):
        grown = replace(state, job=_joined(state.job, event.caller))
    else:
        grown = replace(state, queue=_queued(state.queue, event))
    if grown.waiting > MOST_CALLERS:
        return state, tell((event.caller,), _TOO_MANY)
    return grown, ()


def _queue_clearing(state: State, event: StopAllAsked) -> Step:
    """End everything comes first, and the starts that wait will not come to be."""
    clearing = state.clearing
    if event.caller not in clearing:
        clearing = (*clearing, event.caller)
    if len(clearing) > MOST_CALLERS:
        return state, tell((event.caller,), _TOO_MANY)
    effects: tuple[Effect, ...] = ()
    for job in state.queue:
        if isinstance(job.asked, StartAsked):
            effects += tell(job.callers, _CLEARED_AWAY)
    stops = tuple(job for job in state.queue if isinstance(job.asked, StopAsked))
    return (
        replace(state, clearing=clearing, queue=stops, since_ns=event.asked_ns),
        effects,
    )


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


def interrupt(state: State, event: StopAllAsked) -> Step:
    """End everything without waiting for the meter: the job in hand makes way."""
    state, effects = _queue_clearing(state, event)
    if state.job is not None and isinstance(state.job.asked, StopAsked):
        state = replace(state, job=None, queue=(state.job, *state.queue))
    else:
        state, told = _drop_start(state)
        effects += told
    return replace(state, phase=Phase.SETTLING), effects


def interrupt_start(state: State, event: StopAllAsked) -> Step:
    """End everything once the record is written; no start goes on after that."""
    state, effects = _queue_clearing(state, event)
    state, told = _drop_start(state)
    return state, effects + told


def _drop_start(state: State) -> Step:
    if state.job is None or isinstance(state.job.asked, StopAsked):
        return state, ()
    return replace(state, job=None), tell(state.job.callers, _CLEARED_AWAY)

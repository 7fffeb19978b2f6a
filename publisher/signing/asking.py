# SPDX-License-Identifier: Apache-2.0
"""What EVerest asks and what time brings, to the core of a meter that signs by itself.

"End everything" waits for no meter: that what is open will be ended is written while
a verb is with the meter, too.
"""

from msgspec.structs import replace

from ipc.commands import MeterPhase
from publisher.callers import drop_start, line_up, tell
from publisher.events import (
    Abandoned,
    Cleared,
    Refused,
    StartAsked,
    StopAllAsked,
    StopAsked,
)
from publisher.signing.events import Effect, Expired, LookAgain, NotAbandoned, Paused
from publisher.signing.state import AT_REST, Phase, State, Step, abandoning, doomed

TOO_LATE = "the meter did not get to it in time; ask again"

_WRITING = frozenset({Phase.INTENDING, Phase.OPENING, Phase.KEEPING, Phase.LOSING})
"""Where what is open is about to be another."""


def take(state: State, event: StartAsked | StopAsked) -> Step:
    """See to it now, unless another is in hand."""
    state, told = line_up(state, event)
    return (state if state.job else replace(state, phase=Phase.SETTLING)), told


def wait(state: State, event: StartAsked | StopAsked) -> Step:
    return line_up(state, event)


def end_all(state: State, event: StopAllAsked) -> Step:
    """Refuse every start, that in hand too; clear() does the rest."""
    state, effects = doomed(state)
    state, dropped = drop_start(state)
    state, told = line_up(state, event)
    if state.phase in AT_REST:
        state = replace(state, phase=Phase.SETTLING)
    return state, (*effects, *dropped, *told)


def clear(state: State) -> Step:
    """End everything: OK once it is on disk that it will be."""
    if not state.clearing or state.is_abandoning or state.phase in _WRITING:
        return state, ()
    if state.open is not None and not state.open.is_dangling:
        return abandoning(state)
    told = tell(state.clearing, Cleared())
    is_idle = state.held is not None and state.held.phase is MeterPhase.IDLE
    return replace(state, clearing=(), is_stray=not is_idle), told


def abandoned(state: State, _: Abandoned) -> Step:
    state = replace(state, is_abandoning=False, is_doomed=False)
    if state.open is not None:
        state = replace(state, open=replace(state.open, is_dangling=True))
    return _go_on(state), ()


def not_abandoned(state: State, event: NotAbandoned) -> Step:
    told = tell(state.clearing, Refused(reason=event.reason))
    return replace(state, is_abandoning=False, clearing=()), told


def expire(state: State, event: Expired) -> Step:
    """Answer those whose time is over; what they asked for may still come about."""
    reason = Refused(reason=state.trouble or TOO_LATE)
    effects: tuple[Effect, ...] = ()
    late = [job for job in state.queue if job.asked.deadline_ns <= event.now_ns]
    queue = tuple(job for job in state.queue if job not in late)
    state = replace(state, queue=queue)
    if state.job is not None and state.job.asked.deadline_ns <= event.now_ns:
        late.insert(0, state.job)
        state, effects = doomed(state)
        state = replace(state, job=None)
    told = (answer for job in late for answer in tell(job.callers, reason))
    return state, (*effects, *told)


def look(state: State, event: LookAgain) -> Step:
    is_due = state.is_clock_due or event.is_clock_due
    state = replace(state, held=None, is_clock_due=is_due)
    return replace(state, phase=Phase.SETTLING), ()


def paused(state: State, _: Paused) -> Step:
    return replace(state, phase=Phase.SETTLING), ()


def _go_on(state: State) -> State:
    if state.phase in AT_REST:
        return replace(state, phase=Phase.SETTLING)
    return state

# SPDX-License-Identifier: Apache-2.0
"""The transaction core of one meter: what each event does in each phase.

Sans-IO: handle(state, event) gives the next state and the effects to perform. The
table TRANSITIONS is the machine; publisher/diagram.py draws it. What holds always:

* At most one transaction is open; state.open is what the journal holds open.
* Every request is answered once, and by its deadline, because requests are taken up
  in the order they came in, so the one in hand has the earliest deadline.
* Nothing is told before it is on disk: an answer that tells of a change follows
  Opened, Closed or Abandoned, and these follow the journal's commit.
* A question has a number; an answer to any but the newest changes nothing.
"""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from publisher import ending
from publisher.callers import Job, tell
from publisher.events import (
    Abandoned,
    Answered,
    Begun,
    Cleared,
    Closed,
    Effect,
    Ended,
    Event,
    Ignored,
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
    Settle,
    StartAsked,
    StopAllAsked,
    StopAsked,
)
from publisher.ocmf import MeterState
from publisher.reading import Open
from publisher.state import Phase, State, Step, asking, finished, numbered
from publisher.waiting import interrupt, interrupt_start, queue, take


class Rule(msgspec.Struct, frozen=True):
    """What an event does in a phase, and the phases it may lead to."""

    act: Callable[..., Step]
    to: tuple[Phase, ...]


def resume(open_: Open | None) -> Step:
    """Begin with what the journal holds open for this meter."""
    is_open = open_ is not None
    state = State(phase=Phase.SETTLING, open=open_, is_unchecked=is_open)
    return _settled(state, ())


def handle(state: State, event: Event) -> Step:
    """Give the next state and what is to be done, in this order."""
    rule = TRANSITIONS[state.phase].get(type(event))
    if rule is None or (isinstance(event, Answered) and event.ask != state.ask):
        return state, (Ignored(event=type(event).__name__, phase=state.phase),)
    return _settled(*rule.act(state, event))


def _settled(state: State, effects: tuple[Effect, ...]) -> Step:
    """Leave the crossing; each round takes requests off the bounded queue."""
    while state.phase is Phase.SETTLING:
        state, more = TRANSITIONS[Phase.SETTLING][Settle].act(state, Settle())
        effects += more
    return state, effects


def _settle(state: State, _: Settle) -> Step:
    """Turn to what is next: end everything, a request, or rest."""
    if state.clearing:
        return _clear(state)
    if state.queue:
        job, *others = state.queue
        return _take_up(replace(state, job=job, queue=tuple(others)), job)
    if state.open is None:
        return replace(state, phase=Phase.IDLE, is_unchecked=False), ()
    if state.open.is_dangling:
        return asking(state, Phase.DANGLING, state.since_ns, None)
    if state.is_unchecked:
        return asking(state, Phase.RESUMING, state.since_ns, None)
    return replace(state, phase=Phase.OPEN), ()


def _clear(state: State) -> Step:
    """End everything: OK once it is on disk that it will be."""
    if state.open is None or state.open.is_dangling:
        return replace(state, clearing=()), tell(state.clearing, Cleared())
    state = numbered(state, Phase.ABANDONING)
    return state, (PersistAbandon(ask=state.ask, open=state.running),)


def _take_up(state: State, job: Job) -> Step:
    """See to a request: about the open transaction at once, else ask the journal."""
    asked = job.asked
    if not asked.transaction_id:
        return _refuse(state, "a transaction needs an id, this one is empty")
    if state.open is None or asked.transaction_id != state.open.transaction_id:
        state = numbered(state, Phase.RECALLING)
        return state, (Recall(ask=state.ask, transaction_id=asked.transaction_id),)
    if isinstance(asked, StopAsked):
        return asking(state, Phase.ENDING, asked.asked_ns, asked.deadline_ns)
    if state.open.is_dangling:
        return _refuse(state, "this transaction was asked to end, and is ending")
    if asked.request != state.open.request:
        return _refuse(state, "this transaction is open already, with other content")
    return finished(state, Begun())


def _recalled(state: State, event: Recalled) -> Step:
    """Begin what is new, over what is open; answer from the journal what is not."""
    asked = state.in_hand.asked
    if isinstance(asked, StopAsked):
        if event.finished is None:
            return _refuse(state, "no transaction of this id is known")
        return finished(state, Ended(finished=event.finished))
    if event.finished is not None:
        return _refuse(state, "this transaction has ended already")
    phase = Phase.BEGINNING if state.open is None else Phase.ENDING
    return asking(state, phase, asked.asked_ns, asked.deadline_ns)


def _begin(state: State, event: ReadingTaken) -> Step:
    asked = state.in_hand.asked
    if not isinstance(asked, StartAsked):
        raise TypeError(f"{asked}: begins nothing")
    begun = Open(request=asked.request, begin=event.reading)
    state = replace(numbered(state, Phase.OPENING), open=begun)
    return state, (PersistBegin(ask=state.ask, open=begun),)


def _check(state: State, event: ReadingTaken) -> Step:
    """Go on if it is the same meter and it counted on; else end it as it is."""
    found = ending.state_between(state.running.begin, event.reading)
    if found is MeterState.GOOD:
        return replace(state, phase=Phase.OPEN, is_unchecked=False), ()
    return _end(state, event)


def _end(state: State, event: ReadingTaken) -> Step:
    was_stopped = state.job is not None and isinstance(state.job.asked, StopAsked)
    judged = ending.judge(
        state.running.begin,
        event.reading,
        was_stopped=was_stopped and not state.running.is_dangling,
    )
    # If it cannot be written, the next attempt waits for the next reading.
    since_ns = event.reading.mono_ns + 1
    state = replace(numbered(state, Phase.CLOSING), since_ns=since_ns)
    return state, (PersistEnd(ask=state.ask, open=state.running, ending=judged),)


def _opened(state: State, _: Opened) -> Step:
    return finished(state, Begun())


def _closed(state: State, event: Closed) -> Step:
    """Answer the stop with the record; a start that waited for the end goes on."""
    state = replace(state, open=None, is_unchecked=False)
    if state.job is None:
        return replace(state, phase=Phase.SETTLING), ()
    asked = state.job.asked
    if isinstance(asked, StopAsked):
        return finished(state, Ended(finished=event.finished))
    return asking(state, Phase.BEGINNING, asked.asked_ns, asked.deadline_ns)


def _abandoned(state: State, _: Abandoned) -> Step:
    dangling = replace(state.running, is_dangling=True)
    return replace(state, phase=Phase.SETTLING, open=dangling), ()


def _not_opened(state: State, event: JournalFailed) -> Step:
    return _failed(replace(state, open=None), event)


def _not_abandoned(state: State, event: JournalFailed) -> Step:
    told = tell(state.clearing, Refused(reason=event.reason))
    return replace(state, phase=Phase.SETTLING, clearing=()), told


def _failed(state: State, event: ReadingFailed | JournalFailed) -> Step:
    """Tell those who wait; what was open stays open."""
    if state.job is None:
        return replace(state, phase=Phase.SETTLING), ()
    return _refuse(state, event.reason)


def _refuse(state: State, reason: str) -> Step:
    return finished(state, Refused(reason=reason))


Row = dict[type[Event], Rule]

_TAKE = Rule(take, (Phase.SETTLING,))
_AT_REST: Row = {StartAsked: _TAKE, StopAsked: _TAKE, StopAllAsked: _TAKE}


def _busy(phase: Phase, stop_all: Rule | None = None) -> Row:
    """Let requests wait; "end everything" may have a rule of its own."""
    wait = Rule(queue, (phase,))
    return {StartAsked: wait, StopAsked: wait, StopAllAsked: stop_all or wait}


_INTERRUPT = Rule(interrupt, (Phase.SETTLING,))
_FAILED = Rule(_failed, (Phase.SETTLING,))

TRANSITIONS: dict[Phase, Row] = {
    Phase.SETTLING: {
        Settle: Rule(
            _settle,
            (
                Phase.IDLE,
                Phase.OPEN,
                Phase.RESUMING,
                Phase.DANGLING,
                Phase.RECALLING,
                Phase.ENDING,
                Phase.ABANDONING,
                Phase.SETTLING,
            ),
        ),
    },
    Phase.IDLE: {**_AT_REST},
    Phase.OPEN: {**_AT_REST},
    Phase.RESUMING: {
        **_AT_REST,
        ReadingTaken: Rule(_check, (Phase.OPEN, Phase.CLOSING)),
    },
    Phase.DANGLING: {**_AT_REST, ReadingTaken: Rule(_end, (Phase.CLOSING,))},
    Phase.RECALLING: {
        **_busy(Phase.RECALLING, _INTERRUPT),
        Recalled: Rule(_recalled, (Phase.BEGINNING, Phase.ENDING, Phase.SETTLING)),
        JournalFailed: _FAILED,
    },
    Phase.BEGINNING: {
        **_busy(Phase.BEGINNING, _INTERRUPT),
        ReadingTaken: Rule(_begin, (Phase.OPENING,)),
        ReadingFailed: _FAILED,
    },
    Phase.OPENING: {
        **_busy(Phase.OPENING),
        Opened: Rule(_opened, (Phase.SETTLING,)),
        JournalFailed: Rule(_not_opened, (Phase.SETTLING,)),
    },
    Phase.ENDING: {
        **_busy(Phase.ENDING, _INTERRUPT),
        ReadingTaken: Rule(_end, (Phase.CLOSING,)),
        ReadingFailed: _FAILED,
    },
    Phase.CLOSING: {
        **_busy(Phase.CLOSING, Rule(interrupt_start, (Phase.CLOSING,))),
        Closed: Rule(_closed, (Phase.BEGINNING, Phase.SETTLING)),
        JournalFailed: _FAILED,
    },
    Phase.ABANDONING: {
        **_busy(Phase.ABANDONING),
        Abandoned: Rule(_abandoned, (Phase.SETTLING,)),
        JournalFailed: Rule(_not_abandoned, (Phase.SETTLING,)),
    },
}
"""The machine. What has no rule changes nothing and is answered with Ignored."""

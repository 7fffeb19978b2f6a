# SPDX-License-Identifier: Apache-2.0
"""The transaction core of a meter that signs by itself: what each event does when.

Sans-IO, as publisher/transaction.py: handle(state, event) gives the next state and the
effects to perform. The table TRANSITIONS is the machine. What holds always:

* At most one transaction is open; state.open is what the journal holds open.
* Every request is answered once: by what it came to, or at its deadline.
* Nothing is told before it is on disk, and the meter is told that it may forget a
  record only after that record, as it was read, is on disk.
* One verb is with the meter at a time; what it did not answer is looked at again.
* "End everything" waits for no meter, only for the disk.
"""

from collections.abc import Callable

import msgspec

from publisher.events import (
    Abandoned,
    Answered,
    Ignored,
    JournalFailed,
    Settle,
    StartAsked,
    StopAllAsked,
    StopAsked,
)
from publisher.signing import asking, telling, writing
from publisher.signing.events import (
    Effect,
    Event,
    Expired,
    Found,
    LookAgain,
    NotAbandoned,
    Paused,
    Stored,
    Told,
    Written,
)
from publisher.signing.settling import settle
from publisher.signing.standing import Open
from publisher.signing.state import AT_REST, Phase, State, Step


class Rule(msgspec.Struct, frozen=True):
    """What an event does in a phase, and the phases it may lead to."""

    act: Callable[..., Step]
    to: tuple[Phase, ...]


def resume(open_: Open | None, *, is_unconfirmed: bool) -> Step:
    """Begin with what the journal holds for this meter: look at the meter."""
    state = State(phase=Phase.SETTLING, open=open_, is_unconfirmed=is_unconfirmed)
    return _settled(state, ())


def handle(state: State, event: Event) -> Step:
    """Give the next state and what is to be done, in this order."""
    rule = TRANSITIONS[state.phase].get(type(event))
    if rule is None or _is_void(state, event):
        return state, (Ignored(event=type(event).__name__, phase=state.phase),)
    state, effects = rule.act(state, event)
    state, told = asking.clear(state)
    return _settled(state, (*effects, *told))


def _is_void(state: State, event: Event) -> bool:
    """Whether it answers a question that is not open any more."""
    if isinstance(event, Abandoned | NotAbandoned):
        return not state.is_abandoning or event.ask != state.side
    return isinstance(event, Answered) and event.ask != state.ask


def _settled(state: State, effects: tuple[Effect, ...]) -> Step:
    """Leave the crossing; each round takes requests off the bounded queue."""
    while state.phase is Phase.SETTLING:
        state, more = settle(state, Settle())
        effects += more
    return state, effects


Row = dict[type[Event], Rule]

_NEXT = (Phase.SETTLING,)
_TRY_AGAIN = (Phase.PAUSING, Phase.SETTLING)
_LOOK = Rule(asking.look, _NEXT)


def _any(phase: Phase) -> Row:
    """Give the rules that hold in every phase."""
    to = _NEXT if phase in AT_REST else (phase,)
    return {
        StopAllAsked: Rule(asking.end_all, to),
        Abandoned: Rule(asking.abandoned, to),
        NotAbandoned: Rule(asking.not_abandoned, (phase,)),
        Expired: Rule(asking.expire, (phase,)),
    }


def _at_rest(phase: Phase) -> Row:
    take = Rule(asking.take, _NEXT)
    return {**_any(phase), StartAsked: take, StopAsked: take, LookAgain: _LOOK}


def _busy(phase: Phase) -> Row:
    wait = Rule(asking.wait, (phase,))
    return {**_any(phase), StartAsked: wait, StopAsked: wait}


def _ordered(phase: Phase, act: Callable[..., Step], *to: Phase) -> Row:
    """Give the row of a verb that is with the meter."""
    return {**_busy(phase), Told: Rule(act, (*to, *_TRY_AGAIN))}


def _written(phase: Phase, act: Callable[..., Step]) -> Row:
    """Give the row of something that is being written."""
    return {
        **_busy(phase),
        Written: Rule(act, _NEXT),
        JournalFailed: Rule(writing.not_written, _TRY_AGAIN),
    }


TRANSITIONS: dict[Phase, Row] = {
    Phase.SETTLING: {
        Settle: Rule(
            settle,
            (
                Phase.IDLE,
                Phase.OPEN,
                Phase.RECALLING,
                Phase.IDENTIFYING,
                Phase.SETTING_CLOCK,
                Phase.INTENDING,
                Phase.BEGINNING,
                Phase.OPENING,
                Phase.ENDING,
                Phase.READING,
                Phase.CONFIRMING,
                Phase.MARKING,
                Phase.LOSING,
                Phase.SETTLING,
            ),
        ),
    },
    Phase.IDLE: _at_rest(Phase.IDLE),
    Phase.OPEN: _at_rest(Phase.OPEN),
    Phase.PAUSING: {
        **_at_rest(Phase.PAUSING),
        StartAsked: Rule(asking.take, _TRY_AGAIN),
        StopAsked: Rule(asking.take, _TRY_AGAIN),
        Paused: Rule(asking.paused, _NEXT),
    },
    Phase.RECALLING: {
        **_busy(Phase.RECALLING),
        Found: Rule(writing.found, _NEXT),
        JournalFailed: Rule(writing.not_written, _TRY_AGAIN),
    },
    Phase.IDENTIFYING: _ordered(
        Phase.IDENTIFYING, telling.identified, Phase.INSPECTING
    ),
    Phase.INSPECTING: _ordered(Phase.INSPECTING, telling.inspected),
    Phase.SETTING_CLOCK: _ordered(Phase.SETTING_CLOCK, telling.clock_set),
    Phase.INTENDING: {
        **_written(Phase.INTENDING, writing.intended),
        JournalFailed: Rule(writing.not_intended, _TRY_AGAIN),
    },
    Phase.BEGINNING: _ordered(Phase.BEGINNING, telling.begun, Phase.OPENING),
    Phase.OPENING: {
        **_written(Phase.OPENING, writing.opened),
        JournalFailed: Rule(writing.not_opened, _TRY_AGAIN),
    },
    Phase.ENDING: _ordered(Phase.ENDING, telling.ended, Phase.LOSING),
    Phase.READING: _ordered(Phase.READING, telling.read, Phase.KEEPING, Phase.LOSING),
    Phase.KEEPING: {
        **_busy(Phase.KEEPING),
        Stored: Rule(writing.stored, _NEXT),
        JournalFailed: Rule(writing.not_written, _TRY_AGAIN),
    },
    Phase.CONFIRMING: _ordered(Phase.CONFIRMING, telling.confirmed),
    Phase.MARKING: _written(Phase.MARKING, writing.marked),
    Phase.LOSING: _written(Phase.LOSING, writing.lost),
}
"""The machine. What has no rule changes nothing and is answered with Ignored."""

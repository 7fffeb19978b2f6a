# SPDX-License-Identifier: Apache-2.0
"""What follows from the journal's word: the one place where requests are answered OK."""

from msgspec.structs import replace

from ipc.commands import MeterPhase
from publisher.events import HandedOver, JournalFailed
from publisher.signing.events import Found, Stored, Written
from publisher.signing.settling import UNKNOWN
from publisher.signing.standing import Held, Lost
from publisher.signing.state import (
    Phase,
    State,
    Step,
    begun,
    doomed,
    finished,
    pausing,
    refused,
)

ENDED_ALREADY = "this transaction has ended already"


def intended(state: State, _: Written) -> Step:
    """Go on: the meter may be told now."""
    return replace(state, phase=Phase.SETTLING), ()


def found(state: State, event: Found) -> Step:
    """Answer from the journal what is over; look at the meter for what is not."""
    held = state.held
    match event.past:
        case None if state.stops is not None and held and _is_no_stray(held, state):
            return refused(state, UNKNOWN)
        case None:
            return replace(state, phase=Phase.SETTLING, held=None), ()
        case _ if state.starts is not None:
            return refused(state, ENDED_ALREADY)
        case Lost(reason=reason):
            return refused(state, reason)
        case kept:
            return finished(state, HandedOver(kept=kept))


def _is_no_stray(held: Held, state: State) -> bool:
    """Whether the meter holds nothing but what the journal holds open."""
    is_ours = state.open is not None and held.is_of(state.open)
    return held.phase is MeterPhase.IDLE or (
        held.phase is MeterPhase.RUNNING and is_ours
    )


def opened(state: State, _: Written) -> Step:
    if state.open is None:
        return replace(state, phase=Phase.SETTLING), ()
    is_asked_for, open_ = state.begins, replace(state.open, is_begun=True)
    state = replace(state, phase=Phase.SETTLING, open=open_)
    return finished(state, begun(open_)) if is_asked_for else (state, ())


def stored(state: State, event: Stored) -> Step:
    """Answer the stop that it is of; then the meter may forget it."""
    name = event.kept.transaction_id
    state = replace(state, phase=Phase.SETTLING, is_unconfirmed=True)
    if state.held is not None:
        state = replace(state, held=replace(state.held, is_safe=True))
    if state.open is not None and state.open.transaction_id == name:
        state = replace(state, open=None, is_doomed=False)
    if state.stops == name:
        return finished(state, HandedOver(kept=event.kept))
    if state.starts is not None and state.starts.transaction_id == name:
        return refused(state, ENDED_ALREADY)
    return state, ()


def marked(state: State, _: Written) -> Step:
    return replace(state, phase=Phase.SETTLING, is_unconfirmed=False), ()


def lost(state: State, _: Written) -> Step:
    is_asked_for = state.stops_open
    state = replace(state, phase=Phase.SETTLING, open=None, is_doomed=False)
    return refused(state, state.loss) if is_asked_for else (state, ())


def not_intended(state: State, event: JournalFailed) -> Step:
    return not_written(replace(state, open=None, is_doomed=False), event)


def not_opened(state: State, event: JournalFailed) -> Step:
    """Go by what is on disk; the meter will say once more what it signed."""
    if state.open is not None:
        state = replace(state, open=replace(state.open, start=None))
    return not_written(state, event)


def not_written(state: State, event: JournalFailed) -> Step:
    """Refuse what is in hand; the rest is tried again."""
    state, effects = doomed(state)
    state, told = refused(state, event.reason)
    state, more = pausing(state)
    return state, (*effects, *told, *more)

# SPDX-License-Identifier: Apache-2.0
"""What is next, from what is wanted, what the journal holds and what the meter holds.

The rules of a restart, of a power cut and of a plain session are the same ones: look
at the meter, then do the one thing that brings it nearer to what is wanted.
"""

from typing import assert_never

from msgspec.structs import replace

from ipc.commands import MeterPhase
from publisher.callers import Job
from publisher.events import Recall, StartAsked, Unsupported
from publisher.signing.events import (
    PersistBegun,
    PersistConfirmed,
    PersistIntent,
    PersistLoss,
    Verb,
)
from publisher.signing.standing import Held, Open
from publisher.signing.state import (
    Phase,
    State,
    Step,
    begun,
    finished,
    numbered,
    ordering,
    refused,
)

UNKNOWN = "no transaction of this id is known"
EXCHANGED = (
    "the meter was exchanged: the transaction began on {mine}, this one is {found}; put"
    " that one back to end it, or start another one to give it up"
)
FORGOTTEN = "the meter does not hold the transaction that is open any more"
NEVER_BEGAN = "the meter never began this transaction"
OTHER_RUNS = "the meter runs another transaction, and holds no record of this one"


def settle(state: State, _: object) -> Step:
    """Turn to what is next: a confirmation, a request, a look, what it shows, rest."""
    if state.held is not None and state.held.is_safe:
        return ordering(state, Phase.CONFIRMING, Verb.CONFIRM)
    if state.job is None and state.queue:
        job, *others = state.queue
        return _take_up(replace(state, job=job, queue=tuple(others)), job)
    if state.held is None:
        return ordering(state, Phase.IDENTIFYING, Verb.IDENTIFY)
    return _act(state, state.held)


def exchanged(open_: Open, held: Held) -> str:
    """Say which meter was to be found and which one was."""
    mine, found = (
        f"{signer.model} {signer.serial} (key ...{signer.public_key[-8:]})"
        for signer in (open_.signer, held.signer)
    )
    return EXCHANGED.format(mine=mine, found=found)


def _take_up(state: State, job: Job) -> Step:
    """See to a request, once: answer it, ask the journal, or look at the meter."""
    asked, open_ = job.asked, state.open
    if not asked.transaction_id:
        return refused(state, "a transaction needs an id, this one is empty")
    if open_ is None or asked.transaction_id != open_.transaction_id:
        state = numbered(state, Phase.RECALLING)
        return state, (Recall(ask=state.ask, transaction_id=asked.transaction_id),)
    if isinstance(asked, StartAsked):
        if open_.is_dangling or state.is_doomed:
            return refused(state, "this transaction was asked to end, and is ending")
        if asked.request != open_.request:
            return refused(state, "this transaction is open already, differently")
        if open_.is_begun:
            return finished(state, begun(open_))
    return replace(state, held=None), ()


def _act(state: State, held: Held) -> Step:
    open_ = state.open
    if open_ is not None and not open_.signer.is_same(held.signer):
        reason = exchanged(open_, held)
        if state.stops_open:
            return refused(state, reason)
        if state.is_over or state.starts is not None:
            return losing(state, open_, reason)
        state = replace(state, trouble=reason)
    if state.refusal and state.job is not None:
        return finished(state, Unsupported(reason=state.refusal))
    return _next(state, held)


def _next(state: State, held: Held) -> Step:
    match held.phase:
        case MeterPhase.ENDED | MeterPhase.FAILED:
            return ordering(state, Phase.READING, Verb.READ)
        case MeterPhase.RUNNING:
            if state.ours is not None and held.is_of(state.ours):
                return _while_running(state, state.ours)
            return _while_stray_runs(state, held)
        case MeterPhase.IDLE:
            return _while_idle(state, held)
    assert_never(held.phase)


def _while_running(state: State, open_: Open) -> Step:
    """See to what the meter runs and the journal holds open."""
    if state.is_over or state.stops_open:
        return ordering(state, Phase.ENDING, Verb.END, open_.request)
    if not open_.is_begun and state.held is not None and state.held.transaction_id:
        # It may have been cut short. To begin what it says it runs changes nothing,
        # or makes it whole.
        return ordering(state, Phase.BEGINNING, Verb.BEGIN, open_.request)
    if not open_.is_begun:
        return opening(state, open_)
    if state.starts is not None:
        return finished(state, begun(open_))
    return _rest(state)


def _while_stray_runs(state: State, held: Held) -> Step:
    """Leave what is not ours, until it is asked for or another is to begin."""
    if state.ours is not None and (state.is_over or state.stops_open):
        return losing(state, state.ours, OTHER_RUNS)
    is_asked_for = state.stops is not None and state.stops == held.transaction_id
    if state.starts is not None or is_asked_for or state.is_stray:
        return ordering(state, Phase.ENDING, Verb.END)
    return _rest(state)


def _while_idle(state: State, held: Held) -> Step:
    """Begin what is wanted, on a meter that holds nothing."""
    state = replace(state, is_stray=False)
    if state.is_unconfirmed:
        state = numbered(state, Phase.MARKING)
        return state, (PersistConfirmed(ask=state.ask, signer=held.signer),)
    if state.ours is not None:
        return _not_there(state, state.ours)
    if state.starts is not None:
        intended = Open(request=state.starts.request, signer=held.signer)
        state = numbered(replace(state, open=intended), Phase.INTENDING)
        return state, (PersistIntent(ask=state.ask, open=intended),)
    if state.open is None and state.job is None and state.is_clock_due:
        return ordering(state, Phase.SETTING_CLOCK, Verb.SET_CLOCK)
    return _rest(state)


def _not_there(state: State, open_: Open) -> Step:
    """Begin what is open, or end it: some meters can, though they forgot the begin."""
    if state.begins and not state.is_over:
        return ordering(state, Phase.BEGINNING, Verb.BEGIN, open_.request)
    if not open_.is_begun:
        return losing(state, open_, NEVER_BEGAN)
    if state.is_over or state.stops_open:
        return ordering(state, Phase.ENDING, Verb.END, open_.request)
    return _rest(replace(state, trouble=FORGOTTEN))


def _rest(state: State) -> Step:
    """Nothing is left to be done; a stop in hand was of what nobody knows."""
    if state.job is not None:
        return refused(state, UNKNOWN)
    return replace(state, phase=Phase.IDLE if state.open is None else Phase.OPEN), ()


def opening(state: State, open_: Open) -> Step:
    """Write that the meter has begun."""
    state = numbered(state, Phase.OPENING)
    return state, (PersistBegun(ask=state.ask, open=open_),)


def losing(state: State, open_: Open, reason: str) -> Step:
    state = numbered(replace(state, loss=reason), Phase.LOSING)
    return state, (PersistLoss(ask=state.ask, open=open_, reason=reason),)

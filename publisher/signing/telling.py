# SPDX-License-Identifier: Apache-2.0
"""What follows from a meter's word: one function a verb.

What the meter did not answer may have happened all the same: it is looked at again,
and what is still wanted then is done then, within the time that the request has.
"""

from typing import assert_never

from msgspec.structs import replace

from ipc.commands import (
    Done,
    Failed,
    FailureKind,
    IdentityTold,
    MeterPhase,
    Outcome,
    RecordTold,
    StateTold,
)
from publisher.events import Unsupported
from publisher.signing.events import PersistRecord, Told, Verb
from publisher.signing.settling import losing, opening
from publisher.signing.standing import Held, Signer
from publisher.signing.state import (
    Phase,
    State,
    Step,
    doomed,
    finished,
    numbered,
    ordering,
    pausing,
    refused,
)

GONE = "the meter holds no record of this transaction any more"
KEYLESS = "this meter has no key: it cannot sign (set its signing to gateway or none)"


def identified(state: State, event: Told) -> Step:
    """Know who it is; one without a key holds nothing that could be signed."""
    told = event.outcome
    if not isinstance(told, IdentityTold):
        return _failed(state, told)
    signer = Signer(
        vendor=told.vendor,
        model=told.model,
        serial=told.serial,
        firmware=told.firmware,
        public_key=told.public_key,
    )
    if signer.public_key:
        state = replace(state, signer=signer, refusal="")
        return ordering(state, Phase.INSPECTING, Verb.INSPECT)
    held = Held(phase=MeterPhase.IDLE, signer=signer)
    return _settling(state, held=held, signer=signer, refusal=KEYLESS)


def inspected(state: State, event: Told) -> Step:
    """Know what it holds."""
    told = event.outcome
    if not isinstance(told, StateTold) or state.signer is None:
        return _failed(state, told)
    held = Held(
        phase=told.phase, signer=state.signer, transaction_id=told.transaction_id
    )
    is_clock_due = state.is_clock_due or told.is_clock_set is False
    return _settling(
        state, held=held, faults=told.faults, trouble="", is_clock_due=is_clock_due
    )


def clock_set(state: State, event: Told) -> Step:
    """Go on: a clock that it will not have set is none of a transaction's trouble."""
    if isinstance(event.outcome, Failed) and _is_silence(event.outcome):
        return _failed(state, event.outcome)
    return _settling(state, is_clock_due=False)


def begun(state: State, event: Told) -> Step:
    """Know that it runs; that is written before anybody hears of it."""
    told = event.outcome
    is_refusal = isinstance(told, Failed) and told.kind is FailureKind.REFUSED
    if is_refusal and state.job is not None and not state.is_refused:
        return _tried(replace(state, is_refused=True), told)
    if not isinstance(told, Done) or state.held is None:
        return _failed(state, told)
    open_ = state.open
    name = None if open_ is None else open_.transaction_id
    held = replace(state.held, phase=MeterPhase.RUNNING, transaction_id=name)
    state = replace(state, held=held)
    if open_ is None or open_.is_begun:
        return _settling(state)
    open_ = replace(open_, start=told.start)
    return opening(replace(state, open=open_), open_)


def ended(state: State, event: Told) -> Step:
    """Know that its record waits; or that it is gone, and no end can be had."""
    held = state.held
    is_forgotten = held is not None and held.phase is MeterPhase.IDLE
    if is_forgotten and state.ours is not None and _is_final(event.outcome):
        return losing(state, state.ours, f"{GONE}: {_reason(event.outcome)}")
    if not isinstance(event.outcome, Done) or state.held is None:
        return _tried(state, event.outcome)
    return _settling(state, held=replace(state.held, phase=MeterPhase.ENDED))


def read(state: State, event: Told) -> Step:
    """Have the record written; what the meter itself calls damaged may be lost."""
    told, held = event.outcome, state.held
    ours = None
    if held is not None and state.ours is not None and held.is_of(state.ours):
        ours = state.ours
    if isinstance(told, RecordTold) and held is not None:
        state = numbered(state, Phase.KEEPING)
        effect = PersistRecord(
            ask=state.ask,
            told=told,
            signer=held.signer,
            open=ours,
            transaction_id=held.transaction_id,
        )
        return state, (effect,)
    is_damaged = held is not None and held.phase is MeterPhase.FAILED
    if held is None or not (is_damaged and _is_final(told)):
        return _tried(state, told)
    state = replace(state, held=replace(held, is_safe=True))
    if ours is None:
        return _settling(state)
    return losing(state, ours, f"the meter's record is damaged: {_reason(told)}")


def confirmed(state: State, event: Told) -> Step:
    """Know that it holds nothing any more."""
    if not isinstance(event.outcome, Done) or state.held is None:
        return _failed(state, event.outcome)
    held = Held(phase=MeterPhase.IDLE, signer=state.held.signer)
    return _settling(state, held=held)


def _settling(state: State, **changes: object) -> Step:
    return replace(state, phase=Phase.SETTLING, **changes), ()


def _failed(state: State, outcome: Outcome) -> Step:
    """Try again what it did not answer; answer the request that it refused."""
    reason = _reason(outcome)
    kind = outcome.kind if isinstance(outcome, Failed) else FailureKind.REFUSED
    match kind:
        case FailureKind.SILENT | FailureKind.BUSY:
            return pausing(replace(state, trouble=reason))
        case FailureKind.NOT_SUPPORTED:
            state, effects = doomed(replace(state, refusal=reason))
            state, told = finished(state, Unsupported(reason=reason))
        case FailureKind.REFUSED:
            state, effects = doomed(replace(state, trouble=reason))
            state, told = refused(state, reason)
        case FailureKind.UNFIT:
            state, effects = doomed(state)
            state, told = refused(state, reason)
        case _:
            assert_never(kind)
    state, more = pausing(state)
    return state, (*effects, *told, *more)


def _tried(state: State, outcome: Outcome) -> Step:
    """Try again, refused or not, in the time there is: the record is worth it.

    The meter may have ended by itself since it was looked at.
    """
    return pausing(replace(state, trouble=_reason(outcome)))


def _reason(outcome: Outcome) -> str:
    if isinstance(outcome, Failed):
        return outcome.reason
    return f"the sampler answered with {type(outcome).__name__}: report this"


def _is_silence(failed: Failed) -> bool:
    return failed.kind in {FailureKind.SILENT, FailureKind.BUSY}


def _is_final(outcome: Outcome) -> bool:
    """Whether the meter did answer, and asking again would change nothing."""
    return isinstance(outcome, Failed) and not _is_silence(outcome)

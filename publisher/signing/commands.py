# SPDX-License-Identifier: Apache-2.0
"""The machine's verbs as the channel's commands: who charges, and what time it is."""

from datetime import UTC, datetime
from typing import assert_never

from ipc.commands import (
    Assignment,
    BeginTransaction,
    ClockTime,
    Command,
    ConfirmRecord,
    EndTransaction,
    GetIdentity,
    GetTransactionState,
    ReadRecord,
    SetClock,
)
from ipc.identification import IdentificationStatus, IdentificationType
from ipc.units import NS_PER_S
from publisher.messages import StartTransactionRequest
from publisher.signing.events import Order, Verb


def command(order: Order, time: ClockTime) -> Command:  # noqa: PLR0911 - one a verb
    """Give the command of an order."""
    request = order.request
    assignment = stray(order.stray_id) if request is None else assigned(request)
    match order.verb:
        case Verb.IDENTIFY:
            return GetIdentity()
        case Verb.INSPECT:
            return GetTransactionState()
        case Verb.SET_CLOCK:
            return SetClock(time=time)
        case Verb.BEGIN:
            return BeginTransaction(assignment=assignment, time=time)
        case Verb.END:
            return EndTransaction(assignment=assignment, time=time)
        case Verb.READ:
            return ReadRecord()
        case Verb.CONFIRM:
            return ConfirmRecord()
    assert_never(order.verb)


def stray(transaction_id: str | None) -> Assignment:
    """Give what is known of a transaction that nobody asked us to begin.

    Under its own name the meter keeps to what it was told when it began.
    """
    return Assignment(
        transaction_id=transaction_id or "",
        evse_id="",
        status=IdentificationStatus.NOT_ASSIGNED,
        flags=(),
        type=IdentificationType.NONE,
    )


def assigned(request: StartTransactionRequest) -> Assignment:
    """Give EVerest's request as the meter is told it; what is absent stays empty."""
    return Assignment(
        transaction_id=request.transaction_id,
        evse_id=request.evse_id,
        status=request.identification_status,
        flags=tuple(request.identification_flags),
        type=request.identification_type,
        level=request.identification_level,
        data=request.identification_data or "",
        tariff_text=request.tariff_text or "",
    )


def time_of(wall_ns: int, mono_ns: int, *, is_synchronised: bool) -> ClockTime:
    """Give a time in whole seconds, and when it was, in the machine's own zone."""
    utc_s, rest_ns = divmod(wall_ns, NS_PER_S)
    offset = datetime.fromtimestamp(utc_s, UTC).astimezone().utcoffset()
    return ClockTime(
        utc_s=utc_s,
        mono_ns=mono_ns - rest_ns,
        offset_min=0 if offset is None else round(offset.total_seconds() / 60),
        is_synchronised=is_synchronised,
    )

# SPDX-License-Identifier: Apache-2.0
"""The verbs to a meter that signs by itself, and what each may end with.

A Call goes from the publisher to the sampler, an Answer comes back: one message a
packet, each Call answered once. No register address is in here, so what stands above
is the same for every meter.

| verb                | ends with          |
|---|---|
| GetIdentity         | IdentityTold       |
| GetTransactionState | StateTold          |
| BeginTransaction    | Done               |
| EndTransaction      | Done               |
| ReadRecord          | RecordTold         |
| ConfirmRecord       | Done               |
| SetClock            | Done               |

and any of them with Failed.
"""

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from ipc.identification import (
    IdentificationFlag,
    IdentificationLevel,
    IdentificationStatus,
    IdentificationType,
)

LONGEST_PACKET = 32_768
"""Bytes of a message: a record has 4062 at most (EM580), each of them up to six."""

Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""Ties an Answer to its Call."""


class Wired(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Crosses the channel: both ends are of the same release."""


class Assignment(Wired, frozen=True, kw_only=True):
    """Whom a transaction is for and where: what the meter is to put in its record."""

    transaction_id: str
    evse_id: str
    status: IdentificationStatus
    flags: Annotated[tuple[IdentificationFlag, ...], Meta(max_length=4)]
    type: IdentificationType
    level: IdentificationLevel | None = None
    data: str = ""
    tariff_text: str = ""


class ClockTime(Wired, frozen=True, kw_only=True):
    """What a meter's clock is to show.

    utc_s      at the instant of mono_ns (CLOCK_MONOTONIC), which both processes share:
               the sampler adds what has passed since
    offset_min of the local time from UTC
    is_synchronised  whether the kernel holds its own clock for synchronised
    """

    utc_s: int
    mono_ns: int
    offset_min: Annotated[int, Meta(ge=-1440, le=1440)]
    is_synchronised: bool


class GetIdentity(Wired, frozen=True, kw_only=True, tag=True):
    """Say which meter it is, and with what key it signs."""


class GetTransactionState(Wired, frozen=True, kw_only=True, tag=True):
    """Say whether it holds a transaction, or a record that was not confirmed."""


class BeginTransaction(Wired, frozen=True, kw_only=True, tag=True):
    """Begin; Done once the meter says that it runs."""

    assignment: Assignment
    time: ClockTime


class EndTransaction(Wired, frozen=True, kw_only=True, tag=True):
    """End what was begun; Done once the record is ready to be read.

    Not for a transaction whose begin did not come about: a meter that has lost a record
    with its power signs what it charged last once more (WM3M4C).

    assignment  of its begin: some meters forget it when they lose their power
    """

    assignment: Assignment
    time: ClockTime


class ReadRecord(Wired, frozen=True, kw_only=True, tag=True):
    """Give the record; it stays on the meter."""


class ConfirmRecord(Wired, frozen=True, kw_only=True, tag=True):
    """The record is in the journal: the meter may forget it."""


class SetClock(Wired, frozen=True, kw_only=True, tag=True):
    """Set the clock; never while a transaction runs."""

    time: ClockTime


Command = (
    GetIdentity
    | GetTransactionState
    | BeginTransaction
    | EndTransaction
    | ReadRecord
    | ConfirmRecord
    | SetClock
)


class MeterPhase(enum.StrEnum):
    """Where a meter stands with its transaction.

    IDLE     nothing is begun and nothing waits; or the meter lost what it held with its
             power, and an EndTransaction still gives what is signed (BSM-WS36A, WM3M4C)
    RUNNING  begun, not ended
    ENDED    ended, and its record waits to be read and confirmed
    FAILED   the meter says that its record is lost or damaged
    """

    IDLE = "idle"
    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"


class Done(Wired, frozen=True, kw_only=True, tag=True):
    """It is done.

    start  of a begin, from a meter that signs it apart: that record, to be kept, as
           the meter may lose it with its power
    """

    start: str | None = None


class IdentityTold(Wired, frozen=True, kw_only=True, tag=True):
    """Which meter it is.

    public_key  SubjectPublicKeyInfo, DER, upper-case hex; empty if it cannot sign
    """

    vendor: str
    model: str
    serial: str
    firmware: str
    public_key: str


class StateTold(Wired, frozen=True, kw_only=True, tag=True):
    """What the meter holds.

    transaction_id  of it; None where the meter cannot tell
    is_clock_set    whether the meter holds its clock for set; None: it does not say
    faults          what is wrong with the device, in its maker's words
    """

    phase: MeterPhase
    transaction_id: str | None = None
    is_clock_set: bool | None = None
    faults: tuple[str, ...] = ()


class RecordTold(Wired, frozen=True, kw_only=True, tag=True):
    """The record, byte for byte as the meter made it.

    start  of a meter that signs its begin apart: that record, if it still has it
    """

    record: str
    start: str | None = None


class FailureKind(enum.StrEnum):
    """Why a verb did not come to its end.

    SILENT         the meter did not answer in time: ask again
    REFUSED        it answered, and will not
    NOT_SUPPORTED  this meter cannot do it at all
    UNFIT          what was asked does not fit into the meter (too long, wrong letters)
    BUSY           an earlier verb to this meter is still at work
    """

    SILENT = "silent"
    REFUSED = "refused"
    NOT_SUPPORTED = "not-supported"
    UNFIT = "unfit"
    BUSY = "busy"


class Failed(Wired, frozen=True, kw_only=True, tag=True):
    """It is not done; reason: what happened, where, and what to do."""

    kind: FailureKind
    reason: str


Outcome = Done | IdentityTold | StateTold | RecordTold | Failed


class Call(Wired, frozen=True, kw_only=True):
    """A verb to a meter.

    number     the caller's own; its Answer bears the same
    meter      its name in the configuration
    timeout_s  from when it is taken up; then it is Failed, as silent
    """

    number: Number
    meter: str
    command: Command
    timeout_s: Annotated[float, Meta(gt=0, le=300)]


class Answer(Wired, frozen=True, kw_only=True):
    """How the Call of this number ended."""

    number: Number
    outcome: Outcome

# SPDX-License-Identifier: Apache-2.0
"""What happens to the transactions of a meter that signs by itself, and what is done.

EVerest's requests, the answers to them and Recall are those of publisher/events.py.
A verb to the meter is asked and answered by a number like all else; the journal
answers in the order in which it was asked.
"""

import enum

from ipc.commands import Outcome, RecordTold
from publisher.events import (
    Abandoned,
    Answer,
    Answered,
    Ignored,
    JournalFailed,
    Recall,
    Request,
    Settle,
    Value,
)
from publisher.messages import StartTransactionRequest
from publisher.reading import Kept
from publisher.signing.standing import Lost, Open, Signer

# Events.


class LookAgain(Value, frozen=True, kw_only=True):
    """It is time to ask the meter where it stands.

    is_clock_due  set its clock too, once it is idle
    """

    is_clock_due: bool


class Expired(Value, frozen=True, kw_only=True):
    """Requests whose deadline is not after this time are to be answered now."""

    now_ns: int


class Paused(Answered, frozen=True, kw_only=True):
    """The pause is over."""


class Told(Answered, frozen=True, kw_only=True):
    """How a verb ended."""

    outcome: Outcome


class Found(Answered, frozen=True, kw_only=True):
    """What the journal knows of a transaction of that id that is over."""

    past: Kept | Lost | None


class Written(Answered, frozen=True, kw_only=True):
    """It is on disk."""


class Stored(Answered, frozen=True, kw_only=True):
    """The record is on disk; or was already, byte for byte the same."""

    kept: Kept


class NotAbandoned(Answered, frozen=True, kw_only=True):
    """What Abandoned would tell could not be written."""

    reason: str


Event = (
    Request
    | Settle
    | LookAgain
    | Expired
    | Paused
    | Told
    | Found
    | Written
    | Stored
    | Abandoned
    | NotAbandoned
    | JournalFailed
)

# Effects: the meter.


class Verb(enum.Enum):
    """The channel's verbs; publisher/signing/desk.py makes its commands of them."""

    IDENTIFY = enum.auto()
    INSPECT = enum.auto()
    SET_CLOCK = enum.auto()
    BEGIN = enum.auto()
    END = enum.auto()
    READ = enum.auto()
    CONFIRM = enum.auto()


class Order(Value, frozen=True, kw_only=True):
    """Give the meter a verb: answer Told.

    request      whom the transaction is for, to begin or to end it; None: not known
    stray_id     to end one that is not known: what the meter calls it, if it can tell
    deadline_ns  when the answer has lost its worth; None: nobody waits for it
    """

    ask: int
    verb: Verb
    request: StartTransactionRequest | None
    stray_id: str | None
    deadline_ns: int | None


class Pause(Value, frozen=True, kw_only=True):
    """Answer Paused after a while.

    is_short  somebody waits
    """

    ask: int
    is_short: bool


# Effects: the journal.


class PersistIntent(Value, frozen=True, kw_only=True):
    """Write that the meter will be told to begin: answer Written or JournalFailed."""

    ask: int
    open: Open


class PersistBegun(Value, frozen=True, kw_only=True):
    """Write that the meter has begun, and what it signed for that.

    Answer Written or JournalFailed.
    """

    ask: int
    open: Open


class PersistRecord(Value, frozen=True, kw_only=True):
    """Verify and write a record, whether it verifies or not.

    open            whose it is, for all that the meter can tell; None: not ours
    transaction_id  that the meter tells; the record's own word goes before it
    Answer Stored or JournalFailed.
    """

    ask: int
    told: RecordTold
    signer: Signer
    open: Open | None
    transaction_id: str | None


class PersistLoss(Value, frozen=True, kw_only=True):
    """Write that it is over without a record, and why; one that never began, is not.

    Answer Written or JournalFailed.
    """

    ask: int
    open: Open
    reason: str


class PersistConfirmed(Value, frozen=True, kw_only=True):
    """Write that this meter waits for no confirmation: Written or JournalFailed."""

    ask: int
    signer: Signer


class PersistAbandon(Value, frozen=True, kw_only=True):
    """Write that it is only to be ended: answer Abandoned or NotAbandoned."""

    ask: int
    open: Open


Write = (
    Recall
    | PersistIntent
    | PersistBegun
    | PersistRecord
    | PersistLoss
    | PersistConfirmed
    | PersistAbandon
)
Effect = Order | Pause | Write | Answer | Ignored

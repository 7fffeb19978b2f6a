# SPDX-License-Identifier: Apache-2.0
"""What happens to a meter's transactions, and what is to be done about it.

Events go into the machine (publisher/transaction.py), effects come out of it. Every
effect that wants an answer carries the number of its question, `ask`; an answer to
a question that is not open any more changes nothing.
"""

from typing import assert_never

import msgspec

from publisher.ending import Ending
from publisher.messages import StartTransactionRequest, StopTransactionRequest
from publisher.reading import Finished, Kept, MeterReading, Open


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """An event or an effect: nothing but its fields."""


# Events: EVerest asks.


class Asked(Value, frozen=True, kw_only=True):
    """A request of EVerest.

    caller       the topic that waits for the answer; None if none does
    asked_ns     when it came (CLOCK_MONOTONIC)
    deadline_ns  by when it has to be answered
    """

    caller: str | None
    asked_ns: int
    deadline_ns: int


class StartAsked(Asked, frozen=True, kw_only=True):
    """Begin this transaction."""

    request: StartTransactionRequest

    @property
    def transaction_id(self) -> str:
        """EVerest's name for it."""
        return self.request.transaction_id


class StopAsked(Asked, frozen=True, kw_only=True):
    """End this transaction and give its record."""

    transaction_id: str


class StopAllAsked(Asked, frozen=True, kw_only=True):
    """End whatever is open; nobody wants a record."""


# Events: an effect was performed.


class Answered(Value, frozen=True, kw_only=True):
    """The answer to the question of that number."""

    ask: int


class ReadingTaken(Answered, frozen=True, kw_only=True):
    """The meter answered, after it was asked."""

    reading: MeterReading


class ReadingFailed(Answered, frozen=True, kw_only=True):
    """The deadline is over and the meter has not answered."""

    reason: str


class Recalled(Answered, frozen=True, kw_only=True):
    """What the journal knows of a finished transaction of that id; None: nothing."""

    finished: Finished | None


class Opened(Answered, frozen=True, kw_only=True):
    """The begin is on disk."""


class Closed(Answered, frozen=True, kw_only=True):
    """The record is signed and on disk, its pagination taken: one atomic step."""

    finished: Finished


class Abandoned(Answered, frozen=True, kw_only=True):
    """It is on disk that the open transaction is only to be ended."""


class JournalFailed(Answered, frozen=True, kw_only=True):
    """Nothing was written, or nothing could be read."""

    reason: str


class Settle(Value, frozen=True, kw_only=True):
    """The machine's own: the last request is dealt with, turn to what is next."""


Request = StartAsked | StopAsked | StopAllAsked
Event = (
    Request
    | ReadingTaken
    | ReadingFailed
    | Recalled
    | Opened
    | Closed
    | Abandoned
    | JournalFailed
    | Settle
)


# Effects: the meter. For one that signs by itself see publisher/signing/events.py.


class TakeReading(Value, frozen=True, kw_only=True):
    """Give a fresh, good reading measured at since_ns or later.

    deadline_ns  answer ReadingFailed then; None: wait for as long as it takes
    """

    ask: int
    since_ns: int
    deadline_ns: int | None


# Effects: the journal.


class Recall(Value, frozen=True, kw_only=True):
    """Look a finished transaction up: answer Recalled or JournalFailed."""

    ask: int
    transaction_id: str


class PersistBegin(Value, frozen=True, kw_only=True):
    """Write the begin: answer Opened or JournalFailed."""

    ask: int
    open: Open


class PersistEnd(Value, frozen=True, kw_only=True):
    """Compose, sign and write the record: answer Closed or JournalFailed."""

    ask: int
    open: Open
    ending: Ending


class PersistAbandon(Value, frozen=True, kw_only=True):
    """Write that it is only to be ended: answer Abandoned or JournalFailed."""

    ask: int
    open: Open


# Effects: the world hears of it.


class Begun(Value, frozen=True, kw_only=True):
    """OK: the transaction is open.

    start       of a meter that signs its begin apart: that record
    public_key  of that meter
    """

    start: str | None = None
    public_key: str = ""


class Ended(Value, frozen=True, kw_only=True):
    """OK: the transaction has ended, with this record."""

    finished: Finished


class HandedOver(Value, frozen=True, kw_only=True):
    """OK: the transaction has ended, and this is its meter's own record."""

    kept: Kept


class Cleared(Value, frozen=True, kw_only=True):
    """OK: nothing is open, or it is on disk that what is open will be ended."""


class Refused(Value, frozen=True, kw_only=True):
    """UNEXPECTED_ERROR, and why."""

    reason: str


class Unsupported(Value, frozen=True, kw_only=True):
    """NOT_SUPPORTED: this meter cannot sign, and why we think so."""

    reason: str


Outcome = Begun | Ended | HandedOver | Cleared | Refused | Unsupported


class Answer(Value, frozen=True, kw_only=True):
    """Tell one caller; None asked for no answer but is accounted for."""

    caller: str | None
    outcome: Outcome


class Ignored(Value, frozen=True, kw_only=True):
    """The event had no place in this phase, or its question is not open any more."""

    event: str
    phase: str


Effect = (
    TakeReading | Recall | PersistBegin | PersistEnd | PersistAbandon | Answer | Ignored
)


def asked(
    request: StartTransactionRequest | StopTransactionRequest,
    caller: str | None,
    asked_ns: int,
    deadline_ns: int,
) -> Request:
    """Give the event that a request is; a stop of nothing by name is of all."""
    match request:
        case StartTransactionRequest():
            return StartAsked(
                caller=caller,
                asked_ns=asked_ns,
                deadline_ns=deadline_ns,
                request=request,
            )
        case StopTransactionRequest(transaction_id=""):
            return StopAllAsked(
                caller=caller, asked_ns=asked_ns, deadline_ns=deadline_ns
            )
        case StopTransactionRequest(transaction_id=name):
            return StopAsked(
                caller=caller,
                asked_ns=asked_ns,
                deadline_ns=deadline_ns,
                transaction_id=name,
            )
    assert_never(request)

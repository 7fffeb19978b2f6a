# SPDX-License-Identifier: Apache-2.0
"""What a request came to: in EVerest's words, and in the log's."""

from typing import assert_never

from publisher.events import (
    Answer,
    Begun,
    Cleared,
    Ended,
    HandedOver,
    Outcome,
    Refused,
    Unsupported,
)
from publisher.messages import (
    Reply,
    StartTransactionReply,
    Status,
    StopTransactionReply,
)
from publisher.outbox import Delivery, Note, Post, Said
from publisher.reading import Kept
from publisher.requests import LONGEST_REASON
from publisher.values import SignedMeterValue


def said(meter: str, answer: Answer) -> list[Said]:
    """Give the reply to who waits for it, with the record it delivers, and the log's line.

    Nobody may wait: then only the line, if there is something to say.
    """
    outcome = answer.outcome
    lines: list[Said] = []
    if isinstance(outcome, Refused):
        lines.append(Note(event="request_refused", meter=meter, detail=outcome.reason))
    if answer.caller is not None:
        delivery = _delivery(meter, outcome)
        post = Post(topic=answer.caller, reply=reply(outcome), delivery=delivery)
        lines.append(post)
    return lines


def reply(outcome: Outcome) -> Reply:
    """Give the reply to whoever asked."""
    match outcome:
        case Begun(start=start, public_key=key):
            value = None if start is None else signed(start, key)
            return StartTransactionReply(status=Status.OK, signed_meter_value=value)
        case Ended(finished=finished):
            value = signed(finished.record, finished.public_key)
            return StopTransactionReply(status=Status.OK, signed_meter_value=value)
        case HandedOver(kept=kept):
            return _of_meter(kept)
        case Cleared():
            return StopTransactionReply(status=Status.OK)
        case Refused(reason=reason):
            return Reply(status=Status.UNEXPECTED_ERROR, error=reason[:LONGEST_REASON])
        case Unsupported(reason=reason):
            return Reply(status=Status.NOT_SUPPORTED, error=reason[:LONGEST_REASON])
    assert_never(outcome)


def signed(record: str, public_key: str) -> SignedMeterValue:
    """Give the record as EVerest's own drivers do: plain text, the key in hex."""
    return SignedMeterValue(
        signed_meter_data=record,
        signing_method="",
        encoding_method="OCMF",
        public_key=public_key or None,
    )


def _delivery(meter: str, outcome: Outcome) -> Delivery | None:
    match outcome:
        case Ended(finished=record) | HandedOver(kept=record):
            return Delivery(meter=meter, transaction_id=record.transaction_id)
        case _:
            return None


def _of_meter(kept: Kept) -> Reply:
    """Give a meter's own record, and its begin's if it signs that apart."""
    start = None if kept.start is None else signed(kept.start, kept.public_key)
    return StopTransactionReply(
        status=Status.OK,
        start_signed_meter_value=start,
        signed_meter_value=signed(kept.record, kept.public_key),
    )

# SPDX-License-Identifier: Apache-2.0
"""What a request came to, in EVerest's words."""

from typing import assert_never

from publisher.events import Begun, Cleared, Ended, Outcome, Refused
from publisher.messages import (
    Reply,
    StartTransactionReply,
    Status,
    StopTransactionReply,
)
from publisher.reading import Finished
from publisher.requests import LONGEST_REASON
from publisher.values import SignedMeterValue


def reply(outcome: Outcome) -> Reply:
    """Give the reply to whoever asked."""
    match outcome:
        case Begun():
            return StartTransactionReply(status=Status.OK)
        case Ended(finished=finished):
            return StopTransactionReply(
                status=Status.OK, signed_meter_value=signed(finished)
            )
        case Cleared():
            return StopTransactionReply(status=Status.OK)
        case Refused(reason=reason):
            return Reply(status=Status.UNEXPECTED_ERROR, error=reason[:LONGEST_REASON])
    assert_never(outcome)


def signed(finished: Finished) -> SignedMeterValue:
    """Give the record as EVerest's own drivers do: plain text, the key in hex."""
    return SignedMeterValue(
        signed_meter_data=finished.record,
        signing_method="",
        encoding_method="OCMF",
        public_key=finished.public_key,
    )

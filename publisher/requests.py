# SPDX-License-Identifier: Apache-2.0
"""EVerest's requests: read from bytes nobody vouches for, and answered.

Where nobody signs there is no transaction to begin or to end: the answer says so, and
EVerest goes on unsigned. What is signed is answered by publisher/clerk.py.
"""

from typing import TypeVar, assert_never

import msgspec

from publisher.messages import (
    Reply,
    StartTransactionRequest,
    Status,
    StopTransactionRequest,
)
from publisher.topics import Topics

T = TypeVar("T")

LONGEST_REASON = 200
"""Characters: a reason may quote what came, and that may be endless."""


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is none; `reason` says why."""

    reason: str


Content = StartTransactionRequest | StopTransactionRequest | Unreadable


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One message on an e2m topic.

    reply_to  where its answer goes; None if it wants none, or names a topic that
              is not ours to write
    """

    content: Content
    reply_to: str | None

    @property
    def kind(self) -> str:
        """What it asks for, in a word."""
        match self.content:
            case StartTransactionRequest():
                return "start"
            case StopTransactionRequest():
                return "stop"
            case Unreadable():
                return "unreadable"
            case content:
                assert_never(content)


_ENVELOPE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TOPIC = msgspec.json.Decoder(str)
_START = msgspec.json.Decoder(StartTransactionRequest)
# EVerest sends the id as a bare string, its AsyncAPI document says an object.
_STOP: msgspec.json.Decoder[str | StopTransactionRequest] = msgspec.json.Decoder(
    str | StopTransactionRequest
)


def read_start(message: bytes, topics: Topics) -> Request:
    """Read e2m/start_transaction; never raises."""
    payload, reply_to = _open(message, topics)
    content = _decode(payload, _START)
    return Request(content=content, reply_to=reply_to)


def read_stop(message: bytes, topics: Topics) -> Request:
    """Read e2m/stop_transaction in either of its forms; never raises."""
    payload, reply_to = _open(message, topics)
    content = _decode(payload, _STOP)
    if isinstance(content, str):
        content = StopTransactionRequest(transaction_id=content)
    return Request(content=content, reply_to=reply_to)


def answer(content: Content, *, meter: str) -> Reply:
    """Give the answer of a meter that cannot sign."""
    match content:
        case Unreadable(reason=reason):
            error = f"request not understood: {reason}"
            return Reply(status=Status.UNEXPECTED_ERROR, error=error)
        case StopTransactionRequest(transaction_id=""):
            return Reply(status=Status.OK)  # nothing is open, so all of it has ended
        case StartTransactionRequest() | StopTransactionRequest():
            error = f"meter {meter!r} does not sign transactions (signing = none)"
            return Reply(status=Status.NOT_SUPPORTED, error=error)
    assert_never(content)


def is_start(content: Content) -> bool:
    """Whether it asks for something to begin."""
    return isinstance(content, StartTransactionRequest)


def too_late() -> Reply:
    """Give the answer to a start that waited in the broker while we were away.

    Its vehicle may be gone by now. A stop that waited is served: it is as true as it
    was.
    """
    error = "this start waited while we were away: nothing was started; ask again"
    return Reply(status=Status.UNEXPECTED_ERROR, error=error)


def _open(
    message: bytes, topics: Topics
) -> tuple[msgspec.Raw | Unreadable, str | None]:
    """Take the envelope apart: the payload, and where the answer may go."""
    envelope = _decode(message, _ENVELOPE)
    if isinstance(envelope, Unreadable):
        return envelope, None
    reply_to = _reply_to(envelope.get("headers"))
    if reply_to is not None and not topics.may_reply_to(reply_to):
        reply_to = None
    return envelope.get("payload", Unreadable(reason="it has no payload")), reply_to


def _reply_to(headers: msgspec.Raw | None) -> str | None:
    if headers is None:
        return None
    fields = _decode(headers, _ENVELOPE)
    if isinstance(fields, Unreadable) or "replyTo" not in fields:
        return None
    topic = _decode(fields["replyTo"], _TOPIC)
    return topic if isinstance(topic, str) else None


def _decode(
    data: bytes | msgspec.Raw | Unreadable, decoder: msgspec.json.Decoder[T]
) -> T | Unreadable:
    if isinstance(data, Unreadable):
        return data
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Unreadable(reason=str(error)[:LONGEST_REASON])

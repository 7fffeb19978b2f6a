# SPDX-License-Identifier: Apache-2.0
"""What goes through the channel's socket: one message a packet, as JSON.

Whatever comes in is looked at with suspicion: what is no message is told from one,
and nothing that is sent here raises.
"""

import contextlib
import socket
from typing import TypeVar

import msgspec

from ipc.commands import LONGEST_PACKET, Answer, Call, Failed, FailureKind, Number

T = TypeVar("T")


class _Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a Call as an Answer needs."""

    number: Number


def send(connection: socket.socket, message: bytes) -> bool:
    """Send a packet; false if the other end is gone, or does not read."""
    with contextlib.suppress(OSError):
        return connection.send(message, socket.MSG_NOSIGNAL) == len(message)
    return False


def receive(connection: socket.socket) -> bytes | None:
    """Give a packet; None if none is there; an empty one: the other end has gone.

    One that is too long is cut behind its bound, and so is no message any more.
    """
    try:
        return connection.recv(LONGEST_PACKET + 1)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def of_call(call: Call) -> bytes | None:
    """Encode a Call; None if no packet holds it."""
    message = msgspec.json.encode(call)
    return message if len(message) <= LONGEST_PACKET else None


def of_answer(answer: Answer) -> bytes:
    """Encode an Answer; one that no packet holds becomes one that says so."""
    message = msgspec.json.encode(answer)
    if len(message) <= LONGEST_PACKET:
        return message
    reason = f"its answer has {len(message)} bytes, a message {LONGEST_PACKET} at most"
    outcome = Failed(kind=FailureKind.REFUSED, reason=reason)
    return msgspec.json.encode(Answer(number=answer.number, outcome=outcome))


def call_in(message: bytes) -> Call | Answer | None:
    """Give the Call in a packet, or the Answer to what is none, or nothing."""
    try:
        return msgspec.json.decode(message, type=Call)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        numbered = _decoded(message, _Numbered)
        if numbered is None:
            return None
        outcome = Failed(kind=FailureKind.UNFIT, reason=f"no such call: {error}"[:500])
        return Answer(number=numbered.number, outcome=outcome)


def answer_in(message: bytes) -> Answer | None:
    """Give the Answer in a packet, or nothing."""
    return _decoded(message, Answer)


def _decoded(message: bytes, kind: type[T]) -> T | None:
    with contextlib.suppress(msgspec.MsgspecError, ValueError, RecursionError):
        return msgspec.json.decode(message, type=kind)
    return None

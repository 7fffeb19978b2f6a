# SPDX-License-Identifier: Apache-2.0
"""What passes between the stand-in and the broker, and a request's way to its reply."""

import enum
from typing import Any, TypeAlias

import msgspec


class Subscribe(msgspec.Struct, frozen=True):
    """To be subscribed with QoS 0."""

    topic: str


class Unsubscribe(msgspec.Struct, frozen=True):
    """No longer listened to."""

    topic: str


class Publish(msgspec.Struct, frozen=True):
    """To be published with QoS 2, not retained."""

    topic: str
    payload: bytes


Effect: TypeAlias = Subscribe | Unsubscribe | Publish


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A message that EVerest would drop, or that its API forbids."""

    topic: str
    payload: bytes
    reason: str


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the broker delivered it."""

    topic: str
    payload: bytes
    retained: bool


class Passed(msgspec.Struct, frozen=True):
    """A message that was sent or received, and when (monotonic)."""

    at_ns: int
    message: Publish | Received


class Command(enum.StrEnum):
    """The two requests; each has a queue of its own, one is in flight at a time."""

    START = "start_transaction"
    STOP = "stop_transaction"


class Call:
    """A request and what became of it: a valid reply, or a timeout."""

    def __init__(self, command: Command, payload: Any, reply_to: str) -> None:  # noqa: ANN401 - any JSON
        self.command = command
        self.payload = payload
        self.reply_to = reply_to
        self.deadline_ns: int | None = None
        self.reply: dict[str, Any] | None = None
        self.timed_out = False

    @property
    def done(self) -> bool:
        """Whether the caller need not wait any longer."""
        return self.reply is not None or self.timed_out

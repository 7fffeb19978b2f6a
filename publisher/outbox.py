# SPDX-License-Identifier: Apache-2.0
"""What the clerk gives back to the loop: replies to publish, lines to log."""

import msgspec

from publisher.messages import Reply


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A record on its way to EVerest; handed back when it has arrived."""

    meter: str
    transaction_id: str


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A reply to be published with QoS 1; delivery: to be told of its arrival."""

    topic: str
    reply: Reply
    delivery: Delivery | None = None


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A line for the log."""

    event: str
    meter: str | None = None
    detail: str = ""
    is_warning: bool = False


Said = Post | Note

# SPDX-License-Identifier: Apache-2.0
"""What a conversation with broker and EVerest has brought."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Event = Mapping[str, Any]
"""A log line as data, its name under "event"."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard.

    connected       whether the broker accepted us
    events          the log lines the service would have written, oldest first
    beats           heartbeats of each module id that is ours
    check_period_s  between two checks, after what EVerest's modules said
    """

    connected: bool
    events: Sequence[Event]
    beats: dict[str, int]
    check_period_s: float

    def first(self, *names: str) -> Event | None:
        """Give the first event of these names."""
        return next((each for each in self.events if each["event"] in names), None)

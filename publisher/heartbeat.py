# SPDX-License-Identifier: Apache-2.0
"""e2m/heartbeat: whether a module of EVerest lives, and whether it has restarted.

It counts up by one, wraps at 2**64, and begins at 0 when the module restarts. We
subscribe with QoS 0, so a gap is no news.
"""

import enum

import msgspec

VALUES = 2**64
LONGEST_PAYLOAD = 32
"""Bytes; 2**64 has 20 digits."""


class Change(enum.StrEnum):
    """What a heartbeat, or its absence, says that was not known before."""

    FOUND = "found"
    RESTARTED = "restarted"
    LOST = "lost"
    BACK = "back"


class Heartbeat:
    """Of one module.

    heard_ns  when the newest one came; None: there was none
    """

    def __init__(self) -> None:
        self.heard_ns: int | None = None
        self._count: int | None = None
        self._heard_ns = 0
        self._is_lost = False

    def heard(self, count: int, now_ns: int) -> Change | None:
        """Take a heartbeat."""
        before, self._count = self._count, count
        was_lost, self._is_lost = self._is_lost, False
        self.heard_ns = self._heard_ns = now_ns
        if before is None:
            return Change.FOUND
        if not 0 < (count - before) % VALUES < VALUES // 2:
            return Change.RESTARTED
        return Change.BACK if was_lost else None

    def lost_at_ns(self, patience_ns: int) -> int | None:
        """Say when it will have been silent for too long; None: it never spoke."""
        speaks = self._count is not None and not self._is_lost
        return self._heard_ns + patience_ns if speaks else None

    def missed(self, now_ns: int, patience_ns: int) -> Change | None:
        """Look whether it has been silent for too long; told once."""
        lost_at_ns = self.lost_at_ns(patience_ns)
        if lost_at_ns is None or now_ns < lost_at_ns:
            return None
        self._is_lost = True
        return Change.LOST

    def excuse(self, now_ns: int) -> None:
        """Let its silence count from now: until now it could not be heard."""
        self._heard_ns = now_ns


def read(payload: bytes) -> int | None:
    """Read a heartbeat's payload; None if it is none."""
    if len(payload) > LONGEST_PAYLOAD:
        return None
    try:
        count = msgspec.json.decode(payload, type=int)
    except (msgspec.MsgspecError, ValueError):
        return None
    return count if 0 <= count < VALUES else None

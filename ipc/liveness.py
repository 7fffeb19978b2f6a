# SPDX-License-Identifier: Apache-2.0
"""Whether the writer of a segment runs, and what it says of itself."""

import enum
import os
import struct

import msgspec

from ipc import segment
from ipc.layout import (
    CURSOR_AT,
    EPOCH_AT,
    HEARTBEAT_AT,
    LEFT_AT,
    PID_AT,
    STARTED_AT,
)
from ipc.units import NS_PER_S

SILENT_AFTER_NS = 5 * NS_PER_S
"""A writer beats at least once a second; five beats missed are silence."""

_WORD = struct.Struct("=Q")


class WriterState(enum.StrEnum):
    """What a reader knows of the writer."""

    MISSING = "missing"
    """There is no segment that can be read, so nothing is known."""
    RUNNING = "running"
    SILENT = "silent"
    """The process lives but has not beaten for SILENT_AFTER_NS: it hangs."""
    LEFT = "left"
    """It closed the segment in order."""
    DEAD = "dead"
    """The process is gone and did not close the segment."""


class WriterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a header, and the state that follows from them.

    sequence      of the newest sample, 0 if none was ever written
    epoch         how many writers have owned the segment
    pid           of the writer, in its own PID namespace
    started_ns    UTC, Unix epoch: when it opened the segment
    beat_age_ns   since its last sign of life
    """

    state: WriterState
    sequence: int
    epoch: int
    pid: int
    started_ns: int
    beat_age_ns: int


def status(fd: int, *, now_ns: int) -> WriterStatus:
    """Ask the kernel for the owner's lock, and the header for the rest."""
    is_owned = segment.is_owned(fd)  # before the words: it closes after writing them
    page = os.pread(fd, STARTED_AT + _WORD.size, 0)
    page = page.ljust(STARTED_AT + _WORD.size, b"\0")  # cut short under our eyes

    def word(at: int) -> int:
        return int(_WORD.unpack_from(page, at)[0])

    beat_age_ns = now_ns - word(HEARTBEAT_AT)
    if is_owned:
        is_silent = beat_age_ns > SILENT_AFTER_NS
        state = WriterState.SILENT if is_silent else WriterState.RUNNING
    else:
        state = WriterState.LEFT if word(LEFT_AT) else WriterState.DEAD
    return WriterStatus(
        state=state,
        sequence=max(word(CURSOR_AT) - 1, 0),
        epoch=word(EPOCH_AT),
        pid=word(PID_AT),
        started_ns=word(STARTED_AT),
        beat_age_ns=beat_age_ns,
    )

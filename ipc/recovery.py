# SPDX-License-Identifier: Apache-2.0
"""Where a new writer goes on in the segment that another one left or died in."""

import struct
from zlib import crc32

import msgspec

from ipc.errors import RingInvalidError
from ipc.layout import (
    CRC_RESIDUE,
    CURSOR_AT,
    EPOCH_AT,
    FIRST_SEQUENCE,
    HEADER_SIZE,
    SLOT_HEAD,
    SLOT_SIZE,
    Header,
)

_WORD = struct.Struct("=Q")


class Heritage(msgspec.Struct, frozen=True, kw_only=True):
    """What a successor goes on with: the segment's header, a sequence, an epoch."""

    header: Header
    sequence: int
    epoch: int


def recover(content: bytes, *, capacity: int) -> Heritage:
    """Read a whole segment; RingInvalidError says why it cannot be gone on with."""
    header = Header.parse(content, file_size=len(content))
    if header.capacity != capacity:
        raise RingInvalidError(f"its capacity is {header.capacity}, not {capacity}")
    (epoch,) = _WORD.unpack_from(content, EPOCH_AT)
    sequence = _next_sequence(content, header)
    # A slot has 32 bits for its epoch: a larger one was never written by a writer.
    if sequence is None or not 0 < epoch < 2**32 - 1:
        raise RingInvalidError("its header and its slots contradict each other")
    return Heritage(header=header, sequence=sequence, epoch=epoch + 1)


def _next_sequence(content: bytes, header: Header) -> int | None:
    """Give the sequence to go on with; None if slots and cursor contradict.

    The highest sequence that a slot proves wins. So a sample that was complete but
    not yet published is adopted, and one that was torn is written again under the
    same sequence: the numbering has neither hole nor duplicate. The cursor can be at
    most that one sample behind; anything else is damage, not a death.
    """
    (cursor,) = _WORD.unpack_from(content, CURSOR_AT)
    starts = range(HEADER_SIZE, header.segment_size, SLOT_SIZE)
    highest = max(_proven(content[at : at + SLOT_SIZE], header) for at in starts)
    following = highest + 1 if highest else FIRST_SEQUENCE
    return following if cursor in (highest, following) else None


def _proven(slot: bytes, header: Header) -> int:
    """Give the sequence that a slot proves, 0 if none."""
    sequence, _ = SLOT_HEAD.unpack_from(slot)
    return int(sequence) if crc32(slot, header.seed) == CRC_RESIDUE else 0

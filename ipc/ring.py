# SPDX-License-Identifier: Apache-2.0
"""The ring: one writer, any number of readers, none of which waits for another.

The writer stores a slot, its CRC, then the cursor. A reader copies slots into
private memory and decides on the copy alone: a slot is accepted if its CRC is right
and it carries the sequence that was asked for. So the order in which stores become
visible decides when a sample is seen, never what is seen. ipc/README.md has the
steps and the argument.
"""

import enum
from collections.abc import Callable
from itertools import repeat, starmap
from mmap import mmap
from typing import Protocol
from zlib import crc32

from msgspec.structs import astuple

from ipc.errors import RingInvalidError
from ipc.layout import (
    BODY_SIZE,
    CRC_RESIDUE,
    CURSOR_AT,
    FIRST_SEQUENCE,
    HEADER_SIZE,
    SLOT,
    SLOT_HEAD,
    SLOT_SAMPLE,
    SLOT_SIZE,
    Header,
)
from ipc.sample import Sample

BATCH = 256
"""Slots copied at once. More would outgrow the cache and the youngest gc age."""

RETRIES = 16
"""Looks at a published slot that is not valid before it is counted as corrupt.

With its cursor visible, a slot's stores are at most a store buffer's delay away:
far less than the time of one copy. Sixteen is never reached but by damage.
"""

_CURSOR_WORD = CURSOR_AT // 8
_pack_head, _pack_sample = SLOT_HEAD.pack, SLOT_SAMPLE.pack

Fence = Callable[[], None]
"""Orders all stores and loads before it against all after it (ipc/fence.py)."""


class Start(enum.Enum):
    """Where a reader begins in a ring that is in use."""

    NEWEST = enum.auto()
    """With the newest sample there is."""
    OLDEST = enum.auto()
    """With the oldest sample that is still there."""
    FIRST = enum.auto()
    """With the first one ever written; if it is gone, that counts as lapped."""


class Source(Protocol):
    """What a reader reads from."""

    def copy(self, into: memoryview, at: int) -> int:
        """Copy the bytes at an offset; fewer than asked for: it ends there."""
        ...


class RingWriter:
    """Stores samples. There is one writer, who owns the memory and the numbering."""

    def __init__(
        self,
        memory: mmap | bytearray,
        header: Header,
        *,
        sequence: int,
        epoch: int,
        fence: Fence | None = None,
    ) -> None:
        self.sequence = sequence
        self._epoch = epoch
        self._fence = fence
        self._seed = header.seed
        self._mask = header.capacity - 1
        self._bytes = memory
        self._view = memoryview(memory)
        self._crcs = self._view.cast("I")
        self._words = self._view.cast("Q")
        self._words[_CURSOR_WORD] = sequence

    def write(self, sample: Sample) -> int:
        """Store a sample and give its sequence. Fixed cost, no system call.

        struct.error: a value does not fit its field; nothing was stored.

        Plain assignments only: struct.pack_into would zero its target first, which
        a reader of the cursor would see. To the mapping itself, because a slice of a
        memoryview costs an object more.
        """
        sequence = self.sequence
        body = _pack_head(sequence, self._epoch) + _pack_sample(*astuple(sample))
        crc = crc32(body, self._seed)
        start = HEADER_SIZE + (sequence & self._mask) * SLOT_SIZE
        end = start + BODY_SIZE
        fence = self._fence
        if fence:
            fence()
        self._bytes[start:end] = body
        self._crcs[end // 4] = crc
        if fence:
            fence()
        self.sequence = self._words[_CURSOR_WORD] = sequence + 1
        return sequence

    def release(self) -> None:
        """Let go of the memory, so that it can be unmapped."""
        self._crcs.release()
        self._words.release()
        self._view.release()


class RingReader:
    """Reads what is new, in order, and counts what it lost.

    lapped   sequences the writer overwrote before this reader came to them
    corrupt  sequences that were published, but whose slot is damaged
    epoch    the writer epoch of the last sample read, 0 before the first

    Every sequence from the first to the last is read, lapped or corrupt, once.
    """

    def __init__(
        self,
        source: Source,
        header: Header,
        *,
        start: Start,
        fence: Fence | None = None,
    ) -> None:
        self.lapped = 0
        self.corrupt = 0
        self.epoch = 0
        self._source = source
        self._seed = header.seed
        self._capacity = header.capacity
        self._start = start
        self._fence = fence
        self._next = 0  # no place in the ring yet
        self._seen = 0
        self._cursor_copy = memoryview(bytearray(8))
        self._cursor_word = self._cursor_copy.cast("Q")
        self._copy = memoryview(bytearray(BATCH * SLOT_SIZE))
        self._slots = [
            self._copy[at : at + SLOT_SIZE]
            for at in range(0, len(self._copy), SLOT_SIZE)
        ]
        self._sequences = self._copy.cast("Q")[:: SLOT_SIZE // 8]
        self._epochs = self._copy.cast("I")[2 :: SLOT_SIZE // 4]
        self._take_place()

    def read(self) -> list[Sample]:
        """Give everything new, in order, at most BATCH samples.

        Never waits, never fails but by RingInvalidError: the source was cut short.
        """
        if not self._next:
            self._take_place()
        samples: list[Sample] = []
        self._look_at_cursor()
        while 0 < self._next < self._seen and len(samples) < BATCH:
            first = self._next
            taken = self._take(min(self._seen - first, BATCH - len(samples)))
            samples = samples + taken if samples else taken
            if self._next == first:
                break
        return samples

    def _take(self, count: int) -> list[Sample]:
        """Copy up to the end of the ring and accept what proves itself."""
        if count == 1:
            return self._take_one()
        first = self._next
        count = min(count, self._capacity - first % self._capacity)
        self._load(first, self._copy[: count * SLOT_SIZE])
        is_in_time = self._seen - first < self._capacity
        good = self._count_good(first, count) if is_in_time else 0
        return (
            self._accept(self._copy[: good * SLOT_SIZE]) if good else self._take_one()
        )

    def _count_good(self, first: int, count: int) -> int:
        """Count the copied slots, up to the first that is not the one asked for."""
        sequences = self._sequences[:count].tolist()
        residues = list(map(crc32, self._slots[:count], repeat(self._seed)))
        wanted = list(range(first, first + count))
        if sequences == wanted and residues == [CRC_RESIDUE] * count:
            return count
        return next(
            good
            for good in range(count)
            if sequences[good] != wanted[good] or residues[good] != CRC_RESIDUE
        )

    def _accept(self, slots: memoryview) -> list[Sample]:
        """Decode these slots and go on behind them."""
        count = len(slots) // SLOT_SIZE
        self._next += count
        self.epoch = self._epochs[count - 1]
        return list(starmap(Sample, SLOT.iter_unpack(slots)))

    def _take_one(self) -> list[Sample]:
        """Look at one slot until it is clear what it holds."""
        wanted, slot = self._next, self._slots[0]
        for _ in range(RETRIES):
            self._load(wanted, slot)
            held = self._held()
            if held > wanted or self._seen - wanted >= self._capacity:
                self._skip_lapped()
                return []
            if held == wanted:
                return self._accept(slot)
            if held or self._seen <= wanted:
                return []  # not written yet: the cursor was a hint
        self.corrupt += 1
        self._next += 1
        return []

    def _skip_lapped(self) -> None:
        """Go to the oldest slots, an eighth of the ring ahead of the writer."""
        if newest := self._newest():
            target = newest + 2 - self._capacity + self._capacity // 8
            self.lapped += max(target - self._next, 0)
            self._next = max(target, self._next)

    def _take_place(self) -> None:
        self._look_at_cursor()
        if self._seen <= FIRST_SEQUENCE or self._start is Start.FIRST:
            self._next = FIRST_SEQUENCE
        elif newest := self._newest():
            oldest = max(newest + 2 - self._capacity, FIRST_SEQUENCE)
            self._next = newest if self._start is Start.NEWEST else oldest

    def _newest(self) -> int:
        """Give the newest sequence, proven by its slot; 0 if it is damaged."""
        self._look_at_cursor()
        newest = self._seen - 1
        self._load(newest, self._slots[0])
        held = self._held()
        return held if held >= newest else 0

    def _held(self) -> int:
        """Give the sequence that the first copied slot proves, 0 if none."""
        is_valid = crc32(self._slots[0], self._seed) == CRC_RESIDUE
        return self._sequences[0] if is_valid else 0

    def _load(self, first: int, into: memoryview) -> None:
        """Copy slots, then look how far the writer has come meanwhile."""
        at = HEADER_SIZE + first % self._capacity * SLOT_SIZE
        if self._fence:
            self._fence()
        if (got := self._source.copy(into, at)) < len(into):
            raise RingInvalidError(
                f"cut short: ends at byte {at + got}: restart the sampler"
            )
        if self._fence:
            self._fence()
        self._look_at_cursor()

    def _look_at_cursor(self) -> None:
        if self._source.copy(self._cursor_copy, CURSOR_AT) < len(self._cursor_copy):
            raise RingInvalidError(
                "cut short: ends within its header: restart the sampler"
            )
        self._seen = self._cursor_word[0]

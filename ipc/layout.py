# SPDX-License-Identifier: Apache-2.0
"""The layout of a segment: one header page, then `capacity` slots.

Drawn as a ruler in ipc/README.md. All numbers are in the machine's byte order, for
a segment never leaves the machine; the schema hash tells the orders apart.
"""

import hashlib
import struct
import sys
from typing import Self
from zlib import crc32

import msgspec

from ipc.errors import RingInvalidError
from ipc.sample import SAMPLE_FORMAT, Sample

MAGIC = b"EVPMRING"
VERSION = 1
CACHE_LINE = 64
HEADER_SIZE = 4096
"""One page, so that no slot shares a page with a word that is written often."""

# Words of 64 bits that change while the ring is in use. Each of the first two has a
# cache line of its own; the others change only when a writer comes or goes.
CURSOR_AT = 1024
"""The sequence that will be written next: a hint, the slots are the proof."""
HEARTBEAT_AT = 1088
"""CLOCK_MONOTONIC in nanoseconds of the writer's last sign of life."""
EPOCH_AT = 1152
"""How many writers have owned this segment so far."""
LEFT_AT = 1160
"""1 once the writer has left in order, 0 while it runs."""
PID_AT = 1168
STARTED_AT = 1176
"""UTC in nanoseconds since the Unix epoch: when the writer opened the segment."""

SLOT_HEAD = struct.Struct("=QI4x")
"""Sequence and writer epoch, in front of the sample, which is aligned by it."""
CRC_SIZE = 4
CRC_RESIDUE = 0x2144DF1C
"""crc32(x + crc32(x, seed), seed) for every x and seed: one call checks a slot."""

FIRST_SEQUENCE = 1
"""Not 0: zeroed memory must never look like a slot that was written."""
SMALLEST_CAPACITY = 64
LARGEST_CAPACITY = 65536


# Aligned as in C ("@"): packed without gaps ("="), a float is moved byte by byte,
# which makes every write a tenth slower.
_SAMPLE_SIZE = struct.calcsize(f"@{SAMPLE_FORMAT}")


def _slot_size() -> int:
    used = SLOT_HEAD.size + _SAMPLE_SIZE + CRC_SIZE
    return -(-used // CACHE_LINE) * CACHE_LINE


SLOT_SIZE = _slot_size()
BODY_SIZE = SLOT_SIZE - CRC_SIZE
_PADDING = BODY_SIZE - SLOT_HEAD.size - _SAMPLE_SIZE
SLOT_SAMPLE = struct.Struct(f"@{SAMPLE_FORMAT}{_PADDING}x")
"""The sample in a slot, padded up to the CRC, which ends the slot."""
SLOT = struct.Struct(f"@{SLOT_HEAD.size}x{SAMPLE_FORMAT}{_PADDING + CRC_SIZE}x")
"""A whole slot, of which only the sample is unpacked."""


def _schema_hash() -> int:
    """Hash what gives a slot its meaning: order, codes, sizes, names of its fields."""
    fields = ",".join(Sample.__struct_fields__)
    slot = f"{SLOT_HEAD.format} {SLOT_SAMPLE.format} {SLOT_SAMPLE.size}"
    schema = f"{sys.byteorder} {slot} {fields}"
    return int.from_bytes(hashlib.sha256(schema.encode()).digest()[:8])


SCHEMA_HASH = _schema_hash()

_STATIC = struct.Struct("=8sIIQQQQ")
_CRC = struct.Struct("=I")
STATIC_SIZE = _STATIC.size + _CRC.size


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The static part of the header: written once, before anyone can see it.

    capacity    number of slots, a power of two
    segment_id  random, so that no slot is valid in a segment it was not written to
    """

    capacity: int
    segment_id: int

    @property
    def segment_size(self) -> int:
        """Bytes of the whole file."""
        return HEADER_SIZE + self.capacity * SLOT_SIZE

    @property
    def seed(self) -> int:
        """What every slot's CRC starts from: the CRC of this header."""
        return crc32(self._static())

    def pack(self) -> bytes:
        """Give the bytes that a segment begins with."""
        return self._static() + _CRC.pack(self.seed)

    @classmethod
    def parse(cls, raw: bytes, *, file_size: int) -> Self:
        """Read a header; RingInvalidError says why a file is not such a segment."""
        if not raw.startswith(MAGIC):
            raise RingInvalidError(
                f"not a ring: begins with {raw[: len(MAGIC)]!r}: restart the sampler"
            )
        if len(raw) < STATIC_SIZE:
            raise RingInvalidError(f"cut short: {len(raw)} bytes: restart the sampler")
        _, version, slot_size, capacity, schema_hash, segment_id, segment_size = (
            _STATIC.unpack_from(raw)
        )
        if version != VERSION:
            raise RingInvalidError(
                f"layout version {version}, not {VERSION}:"
                " run sampler and publisher of one release"
            )
        if crc32(raw[:STATIC_SIZE]) != CRC_RESIDUE:
            raise RingInvalidError(
                "damaged header, its checksum is wrong: restart the sampler"
            )
        if (schema_hash, slot_size) != (SCHEMA_HASH, SLOT_SIZE):
            raise RingInvalidError(
                f"schema {schema_hash:016x}, not {SCHEMA_HASH:016x}:"
                " run sampler and publisher of one release"
            )
        header = cls(capacity=capacity, segment_id=segment_id)
        if not is_capacity(capacity) or segment_size != header.segment_size:
            raise RingInvalidError(f"{capacity} slots cannot be: restart the sampler")
        if file_size != segment_size:
            raise RingInvalidError(
                f"{file_size} bytes long, not {segment_size}: restart the sampler"
            )
        return header

    def _static(self) -> bytes:
        return _STATIC.pack(
            MAGIC,
            VERSION,
            SLOT_SIZE,
            self.capacity,
            SCHEMA_HASH,
            self.segment_id,
            self.segment_size,
        )


def is_capacity(number: int) -> bool:
    """Whether a ring may have this many slots: a power of two within the bounds."""
    in_bounds = SMALLEST_CAPACITY <= number <= LARGEST_CAPACITY
    return in_bounds and number & (number - 1) == 0


def capacity_for(wanted: int) -> int:
    """Round up to a power of two, within the bounds.

    >>> [capacity_for(wanted) for wanted in (1, 64, 65, 4096, 65536)]
    [64, 64, 128, 4096, 65536]
    """
    bounded = min(max(wanted, SMALLEST_CAPACITY), LARGEST_CAPACITY)
    return int(1 << (bounded - 1).bit_length())

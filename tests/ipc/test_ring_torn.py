# SPDX-License-Identifier: Apache-2.0
"""Half-written slots: a reader takes the old sample, the new one, or nothing.

The parts of a slot can become visible in any order, so a reader may meet any mixture
of the old and the new content. Those of contiguous parts are shown to a reader one by
one. All others are too many for that (2^40), but a CRC is linear: a mixture passes
if and only if the changes of its parts cancel out. So the undetected ones among all
mixtures of a pair can be counted exactly, with linear algebra over GF(2).
"""

import itertools
import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.layout import CRC_RESIDUE, CURSOR_AT, HEADER_SIZE, SLOT_SIZE
from tests.ipc.rings import SMALL, Memory
from tests.strategies import packed, sample_of, samples

CAPACITY = SMALL.capacity
PARTS = (4, 8, 16, 32, 64)
"""Bytes that become visible at once: a word of ARMv7 .. a cache line."""


class Pair:
    """A ring in which sequence `new` is about to take the slot of `new - CAPACITY`."""

    def __init__(self, old_sample, new_sample, laps=1):
        self.memory = Memory()
        writer = self.memory.writer(sequence=(laps - 1) * CAPACITY + 1)
        for _ in range(CAPACITY - 1):
            writer.write(sample_of(0))
        self.old = writer.write(old_sample)
        for _ in range(CAPACITY - 1):
            writer.write(sample_of(0))
        self.at = HEADER_SIZE + self.old % CAPACITY * SLOT_SIZE
        self.old_slot = self.slot()
        self.reader = self.memory.reader()
        self.new = writer.write(new_sample)
        self.new_slot = self.slot()
        self.old_sample, self.new_sample = packed(old_sample), packed(new_sample)

    def slot(self):
        return bytes(self.memory.bytes[self.at : self.at + SLOT_SIZE])

    def read(self, wanted, slot, *, is_published):
        """Give what a reader of this sequence makes of the slot as it is."""
        self.memory.bytes[self.at : self.at + SLOT_SIZE] = slot
        cursor = self.new + is_published
        struct.pack_into("=Q", self.memory.bytes, CURSOR_AT, cursor)
        self.reader._next = wanted
        return [packed(sample) for sample in self.reader.read()]


def syndrome(old_slot, new_slot, at, size):
    """Give the change of a slot's CRC that comes from one part alone."""
    mixed = old_slot[:at] + new_slot[at : at + size] + old_slot[at + size :]
    return crc32(mixed, SMALL.seed) ^ CRC_RESIDUE


def undetected(old_slot, new_slot, size):
    """Count (mixtures that pass though they are neither, all mixtures) of a pair."""
    starts = range(0, SLOT_SIZE, size)
    differing = [
        at for at in starts if old_slot[at : at + size] != new_slot[at : at + size]
    ]
    basis: dict[int, int] = {}
    for at in differing:
        vector = syndrome(old_slot, new_slot, at, size)
        while vector and (lead := vector.bit_length()) in basis:
            vector ^= basis[lead]
        if vector:
            basis[vector.bit_length()] = vector
    passing = 2 ** (len(differing) - len(basis))
    return passing - 2, 2 ** len(differing)  # all old and all new pass by right


@pytest.mark.slow
@pytest.mark.parametrize("size", PARTS)
@pytest.mark.parametrize("is_published", [False, True])
def test_every_run_of_parts_from_either_end_or_the_middle(size, is_published):
    pair = Pair(sample_of(1), sample_of(2))
    accepted = set()
    for outer, inner in itertools.permutations((pair.old_slot, pair.new_slot)):
        edges = range(0, SLOT_SIZE + 1, size)
        for begin, end in itertools.combinations_with_replacement(edges, 2):
            slot = outer[:begin] + inner[begin:end] + outer[end:]
            read = pair.read(pair.new, slot, is_published=is_published)
            assert not read or slot == pair.new_slot
            accepted.update(read)

    assert accepted == ({pair.new_sample} if is_published else set())


@given(
    old_sample=samples(),
    new_sample=samples(),
    parts=st.integers(0, 2**40 - 1),
    is_published=st.booleans(),
    laps=st.sampled_from([1, 2**26, 2**57]),
)
def test_any_mixture_of_words_of_any_two_samples(
    old_sample, new_sample, parts, is_published, laps
):
    pair = Pair(old_sample, new_sample, laps)
    words = [
        (pair.new_slot if parts >> index & 1 else pair.old_slot)[at : at + 8]
        for index, at in enumerate(range(0, SLOT_SIZE, 8))
    ]
    slot = b"".join(words)
    is_new = slot == pair.new_slot

    assert pair.read(pair.new, slot, is_published=is_published) == (
        [pair.new_sample] if is_new and is_published else []
    )
    read = pair.read(pair.old, slot, is_published=is_published)
    assert read.count(pair.new_sample) <= (is_new and is_published)
    assert set(read) <= {packed(sample_of(0)), pair.new_sample}


@given(
    old_sample=samples(),
    new_sample=samples(),
    parts=st.integers(1, 2**12 - 2),
)
def test_the_count_of_undetected_mixtures_is_right(old_sample, new_sample, parts):
    pair = Pair(old_sample, new_sample)
    changes = 0
    slot = bytearray(pair.old_slot)
    for index, at in enumerate(range(0, SLOT_SIZE, 32)):
        if parts >> index & 1:
            slot[at : at + 32] = pair.new_slot[at : at + 32]
            changes ^= syndrome(pair.old_slot, pair.new_slot, at, 32)

    assert changes == crc32(slot, SMALL.seed) ^ CRC_RESIDUE


@pytest.mark.slow
@pytest.mark.parametrize("size", [16, 32, 64])
def test_no_mixture_of_larger_parts_passes(size):
    for tick in range(200):
        pair = Pair(sample_of(tick), sample_of(tick + CAPACITY))

        assert undetected(pair.old_slot, pair.new_slot, size)[0] == 0


@pytest.mark.slow
def test_mixtures_of_words_pass_no_more_often_than_32_bits_let_them():
    passing = mixtures = 0
    for tick in range(200):
        pair = Pair(sample_of(tick), sample_of(tick + CAPACITY))
        found, of = undetected(pair.old_slot, pair.new_slot, 8)
        passing += found
        mixtures += of

    assert mixtures > 2**40
    assert passing / mixtures < 2**-30


class Scrambled:
    """A ring whose stores become visible word by word, in any order there is."""

    def __init__(self):
        self.written = Memory()
        self.writer = self.written.writer()
        self.visible = Memory()
        self.visible.bytes[:] = self.written.bytes
        self.reader = self.visible.reader()
        self.read = []
        self.sequence = 0

    def write(self, order, looks):
        """Store one sample; look after as many of its words as `looks` says."""
        self.sequence = self.writer.write(sample_of(self.sequence + 1))
        start = HEADER_SIZE + self.sequence % CAPACITY * SLOT_SIZE
        words = [*range(start, start + SLOT_SIZE, 8), CURSOR_AT]
        for count, index in enumerate(order):
            at = words[index]
            self.visible.bytes[at : at + 8] = self.written.bytes[at : at + 8]
            if count in looks:
                self.read += self.reader.read()


@given(data=st.data())
def test_no_order_of_stores_makes_a_reader_accept_what_was_not_written(data):
    ring = Scrambled()
    words = SLOT_SIZE // 8 + 1
    for _ in range(data.draw(st.integers(0, CAPACITY))):
        ring.write(range(words), [])
    for _ in range(data.draw(st.integers(1, 12))):
        order = data.draw(st.permutations(range(words)))
        ring.write(order, data.draw(st.sets(st.integers(0, words - 1), max_size=6)))
    while more := ring.reader.read():
        ring.read += more

    seen = [sample.tick for sample in ring.read]
    assert all(packed(sample) == packed(sample_of(sample.tick)) for sample in ring.read)
    assert seen == sorted(set(seen))
    reader = ring.reader
    assert len(seen) + reader.lapped + reader.corrupt == ring.sequence

# SPDX-License-Identifier: Apache-2.0
"""Damage: slots that are not valid, cursors that lie, memory that ends."""

import struct

import pytest

from ipc.errors import RingInvalidError
from ipc.layout import CURSOR_AT, HEADER_SIZE, SLOT_SIZE, Header
from ipc.ring import Start
from tests.ipc.rings import Memory, ticks, write
from tests.strategies import sample_of


def test_a_damaged_slot_is_counted_and_passed():
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()
    write(writer, 0, 10)
    memory.bytes[HEADER_SIZE + 4 * SLOT_SIZE + 100] ^= 1  # sequence 4 is tick 3

    assert ticks(reader.read()) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert (reader.corrupt, reader.lapped) == (1, 0)


def test_a_late_joiner_waits_for_a_newest_slot_that_is_not_damaged():
    memory = Memory()
    writer = memory.writer()
    write(writer, 0, 10)
    memory.bytes[HEADER_SIZE + 10 * SLOT_SIZE] ^= 1
    reader = memory.reader(Start.NEWEST)
    assert reader.read() == []

    writer.write(sample_of(10))

    assert ticks(reader.read()) == [10]


@pytest.mark.parametrize("ahead", [1, 63, 64, 65, 2**32, 2**63])
def test_a_cursor_that_lies_is_a_hint_and_no_more(ahead):
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()
    write(writer, 0, 200)
    while reader.read():
        pass
    before = reader.lapped
    struct.pack_into("=Q", memory.bytes, CURSOR_AT, 201 + ahead)
    assert reader.read() == []

    writer.write(sample_of(200))

    assert ticks(reader.read()) == [200]
    assert (reader.lapped, reader.corrupt) == (before, 0)


@pytest.mark.parametrize("start", [Start.NEWEST, Start.OLDEST])
def test_a_late_joiner_takes_no_place_by_a_cursor_that_lies(start):
    memory = Memory()
    writer = memory.writer()
    write(writer, 0, 200)
    struct.pack_into("=Q", memory.bytes, CURSOR_AT, 211)
    reader = memory.reader(start)
    assert reader.read() == []

    writer.write(sample_of(200))

    expected = [200] if start is Start.NEWEST else list(range(138, 201))
    assert ticks(reader.read()) == expected


def test_a_slot_that_is_being_written_is_not_corrupt_though_the_cursor_once_lied():
    class Lying(Memory):
        lie = None

        def copy(self, into, at):
            got = super().copy(into, at)
            if at == CURSOR_AT and self.lie:
                struct.pack_into("=Q", into, 0, self.lie)
                self.lie = None
            return got

    memory = Lying()
    writer, reader = memory.writer(), memory.reader()
    write(writer, 0, 10)
    reader.read()
    memory.bytes[HEADER_SIZE + 11 * SLOT_SIZE + 50] ^= 1  # half of sequence 11
    memory.lie = 12

    assert reader.read() == []
    writer.write(sample_of(10))

    assert ticks(reader.read()) == [10]
    assert reader.corrupt == 0


def test_a_cursor_that_is_behind_is_waited_for():
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()
    write(writer, 0, 20)
    reader.read()
    struct.pack_into("=Q", memory.bytes, CURSOR_AT, 3)
    assert reader.read() == []

    writer.write(sample_of(20))

    assert ticks(reader.read()) == [20]


def test_a_sample_of_another_segment_is_not_accepted():
    memory, other = Memory(), Memory(Header(capacity=64, segment_id=2))
    write(memory.writer(), 0, 10)
    write(other.writer(), 0, 10)
    reader = memory.reader()
    memory.bytes[HEADER_SIZE:] = other.bytes[HEADER_SIZE:]

    assert reader.read() == []


def test_memory_that_ends_early_is_an_error_not_a_crash():
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()
    write(writer, 0, 10)
    writer.release()
    cut = Memory()
    cut.bytes = memory.bytes[: HEADER_SIZE + 3 * SLOT_SIZE]
    reader._source = cut

    with pytest.raises(RingInvalidError, match="cut short"):
        reader.read()

# SPDX-License-Identifier: Apache-2.0
"""The ring's core: what is written is read, in order, or counted as lost."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc import fence
from ipc.layout import Header
from ipc.ring import BATCH, Start
from tests.ipc.rings import SMALL, Memory, ticks, write
from tests.strategies import packed, sample_of, samples

CAPACITY = SMALL.capacity


@given(wanted=st.lists(samples(), max_size=30))
def test_what_is_written_is_read_bit_for_bit(wanted):
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()
    for sample in wanted:
        writer.write(sample)

    assert [packed(sample) for sample in reader.read()] == list(map(packed, wanted))


def test_sequences_begin_at_one_and_have_no_holes():
    writer = Memory().writer()

    assert [writer.write(sample_of(0)) for _ in range(200)] == list(range(1, 201))


def test_nothing_new_is_an_empty_list():
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()

    assert reader.read() == []
    writer.write(sample_of(0))
    assert ticks(reader.read()) == [0]
    assert reader.read() == []


def test_a_read_that_crosses_the_end_of_the_ring_gives_everything():
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()
    write(writer, 0, CAPACITY - 5)
    reader.read()
    write(writer, CAPACITY - 5, 20)

    assert ticks(reader.read()) == list(range(CAPACITY - 5, CAPACITY + 15))


def test_a_read_is_bounded():
    memory = Memory(Header(capacity=1024, segment_id=1))
    writer, reader = memory.writer(), memory.reader()
    write(writer, 0, 600)

    assert ticks(reader.read()) == list(range(BATCH))
    assert len(reader.read()) == BATCH
    assert len(reader.read()) == 600 - 2 * BATCH


def test_a_reader_that_was_lapped_counts_what_it_lost():
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()
    write(writer, 0, 10)
    reader.read()
    write(writer, 10, 3 * CAPACITY)
    read = reader.read()

    assert ticks(read) == list(range(10 + reader.lapped, 10 + 3 * CAPACITY))
    assert reader.lapped + len(read) == 3 * CAPACITY
    assert len(read) == CAPACITY - 1 - CAPACITY // 8


def test_the_slot_that_is_written_next_is_never_read():
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()
    write(writer, 0, CAPACITY - 1)
    assert memory.reader().read()[0].tick == 0

    writer.write(sample_of(CAPACITY - 1))

    assert memory.reader().read()[0].tick == 1
    assert reader.read()[0].tick == reader.lapped > 0


def test_a_late_joiner_begins_at_the_newest_or_the_oldest():
    memory = Memory()
    write(memory.writer(), 0, 1000)

    assert ticks(memory.reader(Start.NEWEST).read()) == [999]
    assert ticks(memory.reader(Start.OLDEST).read()) == list(range(937, 1000))


@pytest.mark.parametrize("start", Start)
def test_a_reader_of_an_empty_ring_misses_nothing_from_then_on(start):
    memory = Memory()
    writer, reader = memory.writer(), memory.reader(start)
    write(writer, 0, 5)

    assert ticks(reader.read()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("first", [2**32 - 100, 2**63 - 100, 2**64 - 300])
def test_sequences_pass_every_power_of_two(first):
    memory = Memory()
    writer = memory.writer(sequence=first)
    write(writer, 0, 2 * CAPACITY)
    reader = memory.reader(Start.NEWEST)
    read = reader.read()
    for tick in range(2 * CAPACITY, 2 * CAPACITY + 150):
        assert writer.write(sample_of(tick)) == first + tick
        read += reader.read()

    assert ticks(read) == list(range(2 * CAPACITY - 1, 2 * CAPACITY + 150))
    assert (reader.lapped, reader.corrupt) == (0, 0)


def test_a_value_that_does_not_fit_stores_nothing():
    memory = Memory()
    writer, reader = memory.writer(), memory.reader()
    writer.write(sample_of(0))
    misfit = sample_of(1)
    misfit = type(misfit)(*[2**80] * 10, *[0.0] * 23, *[0] * 8)

    with pytest.raises(struct.error):
        writer.write(misfit)

    assert writer.write(sample_of(2)) == 2
    assert ticks(reader.read()) == [0, 2]


def test_a_reader_knows_the_epoch_of_the_last_sample_it_read():
    memory = Memory()
    reader = memory.reader()
    assert reader.epoch == 0
    first = memory.writer(epoch=1)
    write(first, 0, 3)
    second = memory.writer(sequence=first.sequence, epoch=2)
    assert (len(reader.read()), reader.epoch) == (3, 1)

    write(second, 3, 3)

    assert (len(reader.read()), reader.epoch) == (3, 2)


def test_the_barrier_changes_nothing_but_the_order():
    memory = Memory()
    barrier = fence.full_barrier()
    writer, reader = memory.writer(fence=barrier), memory.reader(fence=barrier)
    write(writer, 0, 100)

    assert ticks(reader.read())[-1] == 99


@pytest.mark.parametrize(
    ("machine", "needs_barrier"),
    [("x86_64", False), ("aarch64", True), ("armv7l", True), ("riscv64", True)],
)
def test_only_machines_that_keep_the_order_of_stores_do_without_it(
    monkeypatch, machine, needs_barrier
):
    monkeypatch.setattr("platform.machine", lambda: machine)

    assert (fence.for_this_machine() is not None) == needs_barrier

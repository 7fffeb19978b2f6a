# SPDX-License-Identifier: Apache-2.0
"""Where a successor goes on, whatever the moment its predecessor died in."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.errors import RingInvalidError
from ipc.layout import CURSOR_AT, EPOCH_AT, HEADER_SIZE, SLOT_SIZE
from ipc.recovery import recover
from tests.ipc.rings import SMALL, Memory
from tests.strategies import sample_of

CAPACITY = SMALL.capacity


def left(*, count, epoch=1, first=1):
    """Give a segment to which `count` samples were written."""
    memory = Memory()
    writer = memory.writer(sequence=first, epoch=epoch)
    struct.pack_into("=Q", memory.bytes, EPOCH_AT, epoch)
    for tick in range(count):
        writer.write(sample_of(tick))
    writer.release()
    return memory


def recovered(memory, capacity=CAPACITY):
    heritage = recover(bytes(memory.bytes), capacity=capacity)
    return heritage.sequence, heritage.epoch


@given(count=st.integers(0, 3 * CAPACITY), epoch=st.integers(1, 2**32 - 2))
def test_a_successor_goes_on_behind_the_newest_sample(count, epoch):
    assert recovered(left(count=count, epoch=epoch)) == (count + 1, epoch + 1)


@given(count=st.integers(1, 2 * CAPACITY))
def test_a_complete_sample_that_was_not_published_is_adopted(count):
    memory = left(count=count)
    struct.pack_into("=Q", memory.bytes, CURSOR_AT, count)

    assert recovered(memory) == (count + 1, 2)


@given(count=st.integers(1, 2 * CAPACITY), size=st.integers(0, SLOT_SIZE - 1))
def test_a_torn_sample_is_written_again_under_its_sequence(count, size):
    whole, memory = left(count=count), left(count=count - 1)
    at = HEADER_SIZE + count % CAPACITY * SLOT_SIZE
    memory.bytes[at : at + size] = whole.bytes[at : at + size]
    is_complete = memory.bytes[at : at + SLOT_SIZE] == whole.bytes[at : at + SLOT_SIZE]

    assert recovered(memory)[0] == count + is_complete


@pytest.mark.parametrize("first", [2**32 - 70, 2**63 - 70])
def test_large_sequences_go_on_too(first):
    assert recovered(left(count=100, first=first))[0] == first + 100


@pytest.mark.parametrize("cursor", [0, 98, 99, 102, 2**32, 2**64 - 1])
def test_a_cursor_that_no_death_leaves_behind_is_refused(cursor):
    memory = left(count=100)
    struct.pack_into("=Q", memory.bytes, CURSOR_AT, cursor)

    with pytest.raises(RingInvalidError, match="contradict"):
        recovered(memory)


@pytest.mark.parametrize("epoch", [0, 2**32 - 1, 2**32, 2**64 - 1])
def test_an_epoch_that_no_writer_had_is_refused(epoch):
    memory = left(count=3)
    struct.pack_into("=Q", memory.bytes, EPOCH_AT, epoch)

    with pytest.raises(RingInvalidError, match="contradict"):
        recovered(memory)


def test_another_capacity_is_refused():
    with pytest.raises(RingInvalidError, match="capacity is 64, not 128"):
        recovered(left(count=3), capacity=128)


@given(damage=st.data())
def test_no_content_of_the_slots_makes_it_fail(damage):
    memory = left(count=30)
    junk = damage.draw(st.binary(min_size=1, max_size=2000))
    at = damage.draw(st.integers(HEADER_SIZE, len(memory.bytes) - len(junk)))
    memory.bytes[at : at + len(junk)] = junk

    try:
        sequence, _ = recovered(memory)
    except RingInvalidError:
        return
    assert sequence == 31

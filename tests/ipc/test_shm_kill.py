# SPDX-License-Identifier: Apache-2.0
"""kill -9 of either side at any instant: not one lie is accepted.

Every sample's content follows from its tick and the ticks follow the sequences, so a
mixture, a stale sample, a hole and a duplicate are all recognised without the CRC.
"""

import os
import random
import signal
import struct
from collections import Counter
from zlib import crc32

import pytest
from msgspec.structs import replace

from ipc.clock import SystemClock
from ipc.layout import (
    CRC_RESIDUE,
    CURSOR_AT,
    HEADER_SIZE,
    SLOT,
    SLOT_HEAD,
    SLOT_SIZE,
    Header,
)
from ipc.sample import Sample
from ipc.shm import SegmentReader, SegmentWriter, WriterState
from ipc.stop import Stop
from ipc.units import NS_PER_US
from tests.ipc.rings import names_beside
from tests.strategies import packed, sample_of

pytestmark = pytest.mark.system

CAPACITY = 64
CYCLE = 509
"""Prime, so that the samples that take turns in a slot all differ."""
CONTENT = [sample_of(tick) for tick in range(CYCLE)]


def sample_at(sequence):
    return replace(CONTENT[sequence % CYCLE], tick=sequence)


def in_child(work, *arguments):
    """Run work(*arguments) in a forked process that ends without cleaning up."""
    pid = os.fork()
    if pid == 0:
        try:
            work(*arguments)
        finally:
            os._exit(1)
    return pid


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def write_for_ever(path):
    writer = SegmentWriter.open(path, capacity=CAPACITY, clock=SystemClock(Stop()))
    sequence = writer._ring.sequence
    while True:
        writer.write(sample_at(sequence))
        sequence += 1
        if sequence % CAPACITY == 0:
            writer.beat()


def read_for_ever(path):
    reader = SegmentReader(path, clock=SystemClock(Stop()))
    while True:
        reader.read()
        reader.writer()


class Witness:
    """Reads from the first sample on and believes nothing."""

    def __init__(self, path, clock):
        self.reader = SegmentReader(path, clock=clock)
        self.clock = clock
        self.accepted = self.torn = 0
        self.last = 0

    def watch_for(self, duration_ns):
        deadline_ns = self.clock.monotonic_ns() + duration_ns
        while self.clock.monotonic_ns() < deadline_ns:
            self.look()
            self.look_at_the_slot_being_written()

    def look_at_the_slot_being_written(self):
        """Read where no reader reads: only the CRC stands between it and a lie."""
        if (ring := self.reader._ring) is None:
            return
        slot = ring._slots[0]
        ring._look_at_cursor()
        ring._load(ring._seen, slot)
        if sequence := ring._held():
            sample = Sample(*SLOT.unpack(slot))
            assert packed(sample) == packed(sample_at(sequence)), "accepted a lie"
        else:
            self.torn += ring._sequences[0] != 0

    def look(self):
        read = self.reader.read()
        for sample in read:
            assert packed(sample) == packed(sample_at(sample.tick)), "accepted a lie"
            assert sample.tick > self.last
            self.last = sample.tick
        self.accepted += len(read)
        assert self.last <= self.accounted()
        return bool(read)

    def accounted(self):
        return self.accepted + self.reader.lapped + self.reader.corrupt

    def watch_to_the_end(self):
        """Read what a dead writer left: each of its samples was read or counted."""
        while self.look():
            pass
        if status := self.reader.status():
            assert status.state is WriterState.DEAD
            assert status.sequence == self.accounted()


def state_of_hot_slot(path):
    """Say what a death left in the slot that was to be written next."""
    content = path.read_bytes()
    header = Header.parse(content, file_size=len(content))
    (cursor,) = struct.unpack_from("=Q", content, CURSOR_AT)
    at = HEADER_SIZE + cursor % CAPACITY * SLOT_SIZE
    slot = content[at : at + SLOT_SIZE]
    if any(slot) and crc32(slot, header.seed) != CRC_RESIDUE:
        return "torn"
    return "unpublished" if SLOT_HEAD.unpack_from(slot)[0] == cursor else "old"


def kill_writers(path, clock, *, times):
    """Kill a writer, start the next, so many times, under a reader's eyes."""
    states = Counter()
    witness = Witness(path, clock)
    for _ in range(times):
        pid = in_child(write_for_ever, path)
        try:
            witness.watch_for(random.randrange(4000) * NS_PER_US)
        finally:
            kill(pid)
        witness.watch_to_the_end()
        if path.exists():
            states[state_of_hot_slot(path)] += 1
    witness.reader.close()
    assert witness.accepted > 0
    assert witness.reader.reattached == 0
    return states, witness


def kill_readers(path, clock, *, times):
    """Kill a reader, start the next; the writer and another reader go on."""
    sequence = 0
    with SegmentWriter.open(path, capacity=CAPACITY, clock=clock) as writer:
        witness = Witness(path, clock)
        for _ in range(times):
            pid = in_child(read_for_ever, path)
            deadline_ns = clock.monotonic_ns() + random.randrange(4000) * NS_PER_US
            while clock.monotonic_ns() < deadline_ns:
                for _ in range(CAPACITY // 2):
                    sequence += 1
                    assert writer.write(sample_at(sequence)) == sequence
                witness.look()
            kill(pid)
        assert witness.accounted() == sequence
        assert witness.reader.lapped == witness.reader.corrupt == 0
        witness.reader.close()


def tell(states, witness):
    """Print what was met; pytest -rP shows it."""
    told = f"{witness.accepted} accepted, {witness.torn} torn copies refused"
    print(f"slots left by the dead: {dict(states)}; {told}")  # noqa: T201 - the figures of a long run


def test_a_killed_writer_leaves_no_lie_behind(path, clock):
    states, witness = kill_writers(path, clock, times=300)

    tell(states, witness)
    assert names_beside(path) == [path.name]


def test_a_killed_reader_is_noticed_by_nobody(path, clock):
    kill_readers(path, clock, times=200)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_thousands_of_killed_writers_leave_no_lie_behind(path, clock):
    states, witness = kill_writers(path, clock, times=5000)

    tell(states, witness)
    assert states.keys() == {"old", "torn", "unpublished"}


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_thousands_of_killed_readers_are_noticed_by_nobody(path, clock):
    kill_readers(path, clock, times=2000)

# SPDX-License-Identifier: Apache-2.0
"""The ring on a real file against a deque: every order of everything that happens.

The model knows nothing of slots: it is the list of what was written, and a deque as
long as the ring can be read.
"""

import shutil
import tempfile
from collections import deque
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    rule,
)

from ipc.clock import SystemClock
from ipc.ring import BATCH
from ipc.shm import SegmentReader, SegmentWriter, Start, WriterState
from ipc.stop import Stop
from tests.ipc.rings import abandon
from tests.strategies import is_whole, sample_of


class Life:
    """What one segment has seen: the ticks written to it, and those still there."""

    def __init__(self, capacity: int, first_tick: int) -> None:
        self.capacity = capacity
        self.first_tick = first_tick
        self.written = 0
        self.epochs: list[int] = []
        self.readable: deque[int] = deque(maxlen=capacity - 1)


class Follower:
    """A reader, the life it reads, and how much of it it has accounted for."""

    def __init__(self, reader: SegmentReader, life: Life, done: int) -> None:
        self.reader = reader
        self.life = life
        self.done = done
        self.lapped = 0
        self.moves = 0


class RingAgainstDeque(RuleBasedStateMachine):
    followers = Bundle("followers")

    @initialize(capacity=st.sampled_from([64, 128]))
    def begin(self, capacity):
        self.directory = Path(tempfile.mkdtemp(prefix="ring"))
        self.path = self.directory / "bus.ring"
        self.stop = Stop()
        self.clock = SystemClock(self.stop)
        self.readers: list[SegmentReader] = []
        self.tick = 0
        self.new_life(capacity)
        self.open_writer()

    def new_life(self, capacity):
        self.life = Life(capacity, self.tick)
        self.epoch = 0

    def open_writer(self):
        capacity = self.life.capacity
        self.writer = SegmentWriter.open(self.path, capacity=capacity, clock=self.clock)
        self.epoch += 1
        assert self.writer.epoch == self.epoch

    @rule(count=st.integers(1, 200))
    def write(self, count):
        life = self.life
        for _ in range(count):
            life.written += 1
            assert self.writer.write(sample_of(self.tick)) == life.written
            life.readable.append(self.tick)
            life.epochs.append(self.epoch)
            self.tick += 1
        self.writer.beat()

    @rule(target=followers, start=st.sampled_from(Start))
    def join(self, start):
        reader = SegmentReader(self.path, clock=self.clock, start=start)
        self.readers.append(reader)
        life = self.life
        begin = {
            Start.NEWEST: max(life.written - 1, 0),
            Start.OLDEST: life.written - len(life.readable),
            Start.FIRST: 0,
        }
        return Follower(reader, life, begin[start])

    @rule(follower=followers)
    def read(self, follower):
        if follower.done == follower.life.written and follower.life is not self.life:
            follower.life, follower.done = self.life, 0
            follower.moves += 1
        read = follower.reader.read()
        life = follower.life
        lost = follower.reader.lapped - follower.lapped
        lag = life.written - follower.done

        first = follower.done + lost
        follower.done = first + len(read)
        follower.lapped += lost
        assert [sample.tick - life.first_tick for sample in read] == list(
            range(first, follower.done)
        )
        assert all(map(is_whole, read))
        assert len(read) == min(life.written - first, BATCH)
        overwritten = max(lag - len(life.readable), 0)
        spare = life.capacity // 8 if overwritten else 0
        assert overwritten <= lost <= overwritten + spare
        if read:
            assert follower.reader.epoch == life.epochs[follower.done - 1]
        assert follower.reader.corrupt == 0
        assert follower.reader.reattached == follower.moves

    @rule(follower=consumes(followers))
    def leave(self, follower):
        follower.reader.close()

    @rule()
    def writer_leaves_and_another_takes_over(self):
        self.writer.close()
        assert self.writer_state() is WriterState.LEFT
        self.open_writer()
        assert self.writer_state() is WriterState.RUNNING

    @rule()
    def writer_dies_and_another_takes_over(self):
        abandon(self.writer)
        assert self.writer_state() is WriterState.DEAD
        self.open_writer()
        assert self.writer_state() is WriterState.RUNNING

    @rule()
    def another_capacity_replaces_the_segment(self):
        self.writer.close()
        self.new_life(192 - self.life.capacity)
        self.open_writer()

    def writer_state(self):
        with SegmentReader(self.path, clock=self.clock) as reader:
            return reader.writer()

    def teardown(self):
        if hasattr(self, "directory"):
            self.writer.close()
            for reader in self.readers:
                reader.close()
            self.stop.close()
            shutil.rmtree(self.directory)


class TestRingAgainstDeque(RingAgainstDeque.TestCase):
    settings = settings(stateful_step_count=40, deadline=None)

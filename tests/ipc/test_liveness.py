# SPDX-License-Identifier: Apache-2.0
"""A writer that runs is told from one that hangs, left or died."""

import os

import pytest

from ipc.liveness import SILENT_AFTER_NS
from ipc.shm import SegmentReader, SegmentWriter, WriterState
from ipc.units import NS_PER_S
from tests.fakes import FakeClock
from tests.ipc.rings import abandon
from tests.strategies import sample_of


@pytest.fixture
def clock():
    return FakeClock(mono_ns=1000 * NS_PER_S)


@pytest.fixture
def writer(path, clock):
    with SegmentWriter.open(path, capacity=64, clock=clock) as writer:
        yield writer


@pytest.fixture
def reader(writer, path, clock):  # noqa: ARG001 - it must be there first
    with SegmentReader(path, clock=clock) as reader:
        yield reader


def test_a_writer_that_beats_runs(writer, reader, clock):
    for _ in range(3):
        clock.mono_ns += SILENT_AFTER_NS
        writer.beat()
        assert reader.writer() is WriterState.RUNNING


def test_a_writer_that_does_not_beat_is_silent_until_it_does(writer, reader, clock):
    clock.mono_ns += SILENT_AFTER_NS
    assert reader.writer() is WriterState.RUNNING
    clock.mono_ns += 1
    assert reader.writer() is WriterState.SILENT

    writer.beat()

    assert reader.writer() is WriterState.RUNNING


def test_a_writer_that_closed_has_left(writer, reader):
    writer.close()

    assert reader.writer() is WriterState.LEFT


def test_a_writer_that_died_is_dead_however_fresh_its_beat(writer, reader):
    writer.beat()
    abandon(writer)

    assert reader.writer() is WriterState.DEAD


def test_a_successor_is_seen_running(writer, reader, path, clock):
    writer.close()
    with SegmentWriter.open(path, capacity=64, clock=clock):
        assert reader.writer() is WriterState.RUNNING


def test_the_status_says_who_writes_and_how_far_it_came(writer, reader, clock):
    started_ns = clock.wall_ns()
    for tick in range(5):
        writer.write(sample_of(tick))
    clock.mono_ns += NS_PER_S
    status = reader.status()

    assert (status.pid, status.started_ns) == (os.getpid(), started_ns)
    assert (status.sequence, status.epoch) == (5, 1)
    assert status.beat_age_ns == NS_PER_S


def test_a_file_that_was_cut_short_has_a_status_too(writer, reader, path):
    abandon(writer)
    os.truncate(path, 100)

    assert reader.writer() is WriterState.DEAD
    assert reader.status().sequence == 0

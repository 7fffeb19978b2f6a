# SPDX-License-Identifier: Apache-2.0
"""A waiting reader is woken by a beat, a birth, a replacement, and nothing else."""

import ctypes
import errno
import os
import select

import pytest

from ipc import segment
from ipc.errors import RingError
from ipc.shm import SegmentReader, SegmentWriter
from ipc.wake import Wake
from tests.ipc.rings import SMALL
from tests.strategies import sample_of


def is_awake(wake, *, within_s=0.0):
    return bool(select.select([wake], [], [], within_s)[0])


@pytest.fixture
def wake(path):
    with Wake(path.parent) as wake:
        yield wake


def test_a_beat_wakes_and_a_write_alone_does_not(path, clock, wake):
    with SegmentWriter.open(path, capacity=64, clock=clock) as writer:
        wake.clear()
        writer.write(sample_of(0))
        assert not is_awake(wake)

        writer.beat()

        assert is_awake(wake)


def test_once_cleared_it_waits_for_the_next_beat(path, clock, wake):
    with SegmentWriter.open(path, capacity=64, clock=clock) as writer:
        for _ in range(3):
            writer.beat()
            assert is_awake(wake)
            wake.clear()
            assert not is_awake(wake)


def test_reading_wakes_nobody(path, clock, wake):
    with (
        SegmentWriter.open(path, capacity=64, clock=clock) as writer,
        SegmentReader(path, clock=clock) as reader,
    ):
        writer.write(sample_of(0))
        wake.clear()
        reader.read()
        reader.writer()

        assert not is_awake(wake)


def test_a_birth_and_a_replacement_wake(path, wake):
    for _ in range(2):
        fd = segment.build(path, SMALL, instead_of=None)
        wake.clear()
        assert not is_awake(wake)

        segment.publish(path)

        assert is_awake(wake)
        os.close(fd)
        path.rename(path.with_name("old"))


def test_one_wake_serves_every_bus_of_a_directory(path, clock, wake):
    paths = [path.with_name(f"{name}.ring") for name in "abc"]
    writers = [SegmentWriter.open(each, capacity=64, clock=clock) for each in paths]
    for writer in writers:
        wake.clear()
        writer.beat()
        assert is_awake(wake)
    for writer in writers:
        writer.close()


def test_many_beats_are_cleared_at_once(path, clock, wake):
    with SegmentWriter.open(path, capacity=64, clock=clock) as writer:
        for _ in range(10_000):
            writer.beat()
        wake.clear()

        assert not is_awake(wake)


def test_a_directory_that_comes_late_is_found(path, clock):
    directory = path.parent / "run"
    with Wake(directory) as wake:
        wake.clear()
        directory.mkdir()
        wake.clear()

        with SegmentWriter.open(directory / path.name, capacity=64, clock=clock):
            assert is_awake(wake)


def test_a_directory_that_goes_and_comes_back_is_found_again(path, clock):
    directory = path.parent / "run"
    directory.mkdir()
    with Wake(directory) as wake:
        directory.rmdir()
        assert is_awake(wake)
        wake.clear()
        directory.mkdir()
        wake.clear()

        with SegmentWriter.open(directory / path.name, capacity=64, clock=clock):
            assert is_awake(wake)


def test_a_kernel_that_gives_no_inotify_is_an_error_that_says_what_to_do(
    path, monkeypatch
):
    class Refusing:
        def __init__(self, *_, **__):
            pass

        def inotify_init1(self, _):
            ctypes.set_errno(errno.EMFILE)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", Refusing)

    with pytest.raises(RingError, match="max_user_instances"):
        Wake(path.parent)

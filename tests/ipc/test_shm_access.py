# SPDX-License-Identifier: Apache-2.0
"""Another user of the group reads everything and can write nothing."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from ipc.clock import SystemClock
from ipc.errors import RingError
from ipc.shm import SegmentReader, SegmentWriter, Start, WriterState
from ipc.stop import Stop
from ipc.wake import Wake
from tests.ipc.rings import ticks, write

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
]

SOMEBODY, GROUP, OTHERS = 54_321, 54_322, 54_323
"""Ids nobody has here; the kernel does not mind."""


@pytest.fixture
def path():
    """Give a path as deployed: owned by root, readable for a group."""
    directory = Path(tempfile.mkdtemp(prefix="ring"))
    os.chown(directory, 0, GROUP)
    directory.chmod(0o2750)  # what is made in it belongs to the group
    yield directory / "bus.ring"
    shutil.rmtree(directory)


def as_user(group, work):
    """Run work() in a process of another user; give whether all of it held."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(SOMEBODY)
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_the_group_reads_is_woken_and_knows_whether_the_writer_runs(path, clock):
    def work():
        with (
            SegmentReader(
                path, clock=SystemClock(Stop()), start=Start.OLDEST
            ) as reader,
            Wake(path.parent) as wake,
        ):
            assert wake._is_watching
            assert ticks(reader.read()) == [0, 1, 2]
            assert reader.writer() is WriterState.RUNNING

    with SegmentWriter.open(path, capacity=64, clock=clock) as writer:
        write(writer, 0, 3)
        assert as_user(GROUP, work)


def test_the_group_can_neither_take_over_nor_replace(path, clock):
    def work():
        with pytest.raises(RingError, match="Permission denied"):
            SegmentWriter.open(path, capacity=64, clock=SystemClock(Stop()))

    SegmentWriter.open(path, capacity=64, clock=clock).close()
    assert as_user(GROUP, work)
    path.unlink()
    assert as_user(GROUP, work)


def test_others_see_nothing_and_are_told_why(path, clock):
    def work():
        reader = SegmentReader(path, clock=SystemClock(Stop()))
        assert reader.read() == []
        assert reader.reason == (
            "cannot be opened: Permission denied: let this user read it"
        )

    SegmentWriter.open(path, capacity=64, clock=clock).close()
    assert as_user(OTHERS, work)

# SPDX-License-Identifier: Apache-2.0
"""Of writers that start in the same instant, exactly one becomes the writer."""

import os

import pytest

from ipc import segment
from ipc.clock import SystemClock
from ipc.errors import RingBusyError
from ipc.layout import FIRST_SEQUENCE
from ipc.shm import SegmentReader, SegmentWriter
from ipc.stop import Stop
from tests.ipc.rings import names_beside
from tests.strategies import sample_of

pytestmark = pytest.mark.system

STARTERS = 6
TIMES = 40


def start_at_a_signal(path, gate, results, hold):
    """Wait for the gate, try to become the writer, say how it went, hold."""
    gate_read, gate_write = gate
    os.close(gate_write)
    os.close(hold[1])
    os.read(gate_read, 1)
    try:
        writer = SegmentWriter.open(path, capacity=64, clock=SystemClock(Stop()))
        writer.write(sample_of(os.getpid() % 1000))
        os.write(results, b"w")
    except RingBusyError:
        os.write(results, b"b")
    os.read(hold[0], 1)


def race(path):
    """Start all at once; give what each said, a letter each."""
    gate, results, hold = os.pipe(), os.pipe(), os.pipe()
    pids = []
    for _ in range(STARTERS):
        if (pid := os.fork()) == 0:
            try:
                start_at_a_signal(path, gate, results[1], hold)
            finally:
                os._exit(0)
        pids.append(pid)
    os.close(gate[0])
    os.close(results[1])
    os.close(gate[1])  # now
    said = b""
    while len(said) < STARTERS and (more := os.read(results[0], STARTERS)):
        said += more
    os.close(hold[0])
    os.close(hold[1])
    for pid in pids:
        os.waitpid(pid, 0)
    os.close(results[0])
    return sorted(said.decode())


def test_where_there_is_no_segment_yet(path, clock):
    for _ in range(TIMES):
        assert race(path) == ["b"] * (STARTERS - 1) + ["w"]
        assert names_beside(path) == [path.name]
        with SegmentReader(path, clock=clock) as reader:
            assert reader.status().sequence == FIRST_SEQUENCE
            assert reader.status().epoch == 1
        path.unlink()


def test_where_one_was_left(path, clock):
    for epoch in range(1, TIMES + 1):
        assert race(path) == ["b"] * (STARTERS - 1) + ["w"]
        with SegmentReader(path, clock=clock) as reader:
            assert reader.status().sequence == epoch
            assert reader.status().epoch == epoch


def test_where_something_else_was_left(path):
    for _ in range(TIMES):
        path.write_bytes(b"something else")
        assert race(path) == ["b"] * (STARTERS - 1) + ["w"]
        assert names_beside(path) == [path.name]


@pytest.fixture
def before_owning(monkeypatch):
    """Give a function that lets something happen between an open and its lock."""

    def arrange(happen):
        own = segment._own

        def meanwhile(fd, path):
            monkeypatch.undo()
            happen()
            own(fd, path)

        monkeypatch.setattr(segment, "_own", meanwhile)

    return arrange


def test_a_file_that_is_replaced_while_it_is_claimed_is_not_gone_on_with(
    opened, path, before_owning
):
    opened(SegmentWriter).close()
    before_owning(lambda: opened(SegmentWriter, capacity=128).close())
    writer = opened(SegmentWriter)

    assert writer.replaced == "its capacity is 128, not 64"
    assert os.path.samestat(path.stat(), os.fstat(writer._fd))


def test_a_file_that_is_published_while_it_is_built_is_left_alone(
    opened, path, before_owning
):
    before_owning(lambda: opened(SegmentWriter, capacity=128).close())

    with pytest.raises(RingBusyError, match="is starting"):
        opened(SegmentWriter)

    assert names_beside(path) == [path.name]
    assert opened(SegmentWriter, capacity=128).epoch == 2


def test_a_file_that_is_replaced_again_and_again_is_given_up(opened, path, monkeypatch):
    own = segment._own

    def meanwhile(fd, where):
        path.unlink()
        path.touch()
        own(fd, where)

    path.touch()
    monkeypatch.setattr(segment, "_own", meanwhile)

    with pytest.raises(RingBusyError, match="keep replacing it"):
        opened(SegmentWriter)

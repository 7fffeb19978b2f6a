# SPDX-License-Identifier: Apache-2.0
"""Two processes: every sample arrives, and however a round ends, nothing is left."""

import contextlib
import os
import tempfile
from pathlib import Path

import pytest

from tests.bench.made import series
from tests.bench.record import OURS
from tests.fakes import sample_of

pytest.importorskip("zmq", reason="extra bench")

from tests.bench import between
from tests.bench.pairs import PAIRS
from tests.bench.sections.ring import above
from tests.bench.transports import FULL

pytestmark = pytest.mark.filterwarnings(
    # Python 3.12 and later; the thread is that of pytest-xdist, and holds no lock here
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)
EVERY = pytest.mark.parametrize("kind", PAIRS.values(), ids=PAIRS)
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at only


@pytest.fixture
def directory():
    """Give a short one: see tests/bench/iceoryx.py."""
    with tempfile.TemporaryDirectory(prefix="powermeter-bench-") as path:
        yield Path(path)


def left_behind(names):
    """Give what is called as something that the pair made in its directory was."""
    return [
        segment
        for segment in SHARED_MEMORY.iterdir()
        if any(segment.name.startswith(f"{made}_") for made in names)
    ]


@EVERY
def test_every_sample_arrives(kind, directory):
    measured = between.stream(kind, directory)
    assert set(measured) == {"cpu_ns", "wall_ns"}
    assert min(measured["cpu_ns"]) > 0


@EVERY
def test_what_is_written_is_what_is_read(kind, directory):
    samples = [sample_of(tick=number, **FULL) for number in range(20)]

    def work(ready):
        read = pair.reader(between.PATIENCE_S)
        ready()
        found = []
        while len(found) < len(samples):
            found += read()
        return {"is_equal": found == samples}

    with (
        contextlib.closing(kind(directory, 64)) as pair,
        between._in_child(work) as result,
    ):
        pair.writer()(samples)
        assert result() == {"is_equal": True}


@EVERY
def test_a_round_that_fails_leaves_no_process_and_no_memory(kind, directory):
    made = []

    def fail():
        with (
            contextlib.closing(kind(directory, 64)) as pair,
            between._reading(pair, 100),
        ):
            pair.writer()([sample_of()])
            made.extend(path.name for path in directory.iterdir())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert left_behind(made) == []
    assert not list(directory.glob("iox*"))


def test_what_ours_costs_above_a_contender_that_does_nothing_is_told_by_round():
    ours = series(OURS, [3.0], [5.0], metric="reader_percent")
    loop = series("loop", [1.0], [1.5], metric="reader_percent")
    rival = series("R", [9.0], [9.0], metric="reader_percent")
    (found,) = above([ours, rival, loop], "loop")
    assert found.metric == "reader_above_the_loop_percent"
    assert found.rounds == [[2.0], [3.5]]

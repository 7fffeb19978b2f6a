# SPDX-License-Identifier: Apache-2.0
"""What the tests of a segment file begin with."""

import pytest

from ipc.clock import SystemClock
from ipc.shm import SegmentReader, SegmentWriter
from ipc.stop import Stop
from tests.ipc.rings import SMALL


@pytest.fixture
def clock():
    stop = Stop()
    yield SystemClock(stop)
    stop.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bus.ring"


@pytest.fixture
def opened(path, clock):
    """Give a function that opens writers and readers; all are closed in the end."""
    made = []

    def open_(kind, **options):
        if kind is SegmentWriter:
            options = {"capacity": SMALL.capacity} | options
            made.append(SegmentWriter.open(path, clock=clock, **options))
        else:
            made.append(SegmentReader(path, clock=clock, **options))
        return made[-1]

    yield open_
    for thing in made:
        thing.close()

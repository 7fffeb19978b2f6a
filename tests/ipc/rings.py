# SPDX-License-Identifier: Apache-2.0
"""A ring in private memory, and a death without a process, for tests."""

import os
from pathlib import Path

from ipc.layout import FIRST_SEQUENCE, Header
from ipc.ring import Fence, RingReader, RingWriter, Start
from ipc.sample import Sample
from ipc.shm import SegmentWriter
from tests.strategies import sample_of

SMALL = Header(capacity=64, segment_id=0x0123_4567_89AB_CDEF)


class Memory:
    """A segment without a file: what the writer stores to and readers copy from."""

    def __init__(self, header: Header = SMALL) -> None:
        self.header = header
        self.bytes = bytearray(header.segment_size)
        self.bytes[: len(header.pack())] = header.pack()

    def copy(self, into: memoryview, at: int) -> int:
        part = self.bytes[at : at + len(into)]
        into[: len(part)] = part
        return len(part)

    def writer(
        self,
        *,
        sequence: int = FIRST_SEQUENCE,
        epoch: int = 1,
        fence: Fence | None = None,
    ) -> RingWriter:
        return RingWriter(
            self.bytes,
            self.header,
            sequence=sequence,
            epoch=epoch,
            fence=fence,
        )

    def reader(
        self, start: Start = Start.OLDEST, fence: Fence | None = None
    ) -> RingReader:
        return RingReader(self, self.header, start=start, fence=fence)


def write(writer: RingWriter | SegmentWriter, first: int, count: int) -> None:
    """Write the samples that belong to so many ticks."""
    for tick in range(first, first + count):
        writer.write(sample_of(tick))


def ticks(samples: list[Sample]) -> list[int]:
    return [sample.tick for sample in samples]


def abandon(writer: SegmentWriter) -> None:
    """Do what the kernel does at a death: lock and mapping go, no word is written."""
    writer._ring.release()
    writer._words.release()
    writer._memory.release()
    writer._map.close()
    os.close(writer._fd)


def names_beside(path: Path) -> list[str]:
    """Give the names in a segment's directory."""
    return sorted(each.name for each in path.parent.iterdir())

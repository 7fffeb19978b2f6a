# SPDX-License-Identifier: Apache-2.0
"""A ring in a file that processes share: SegmentWriter and SegmentReader.

The writer maps the file. A reader copies from it with preadv instead: a file that is
cut short under a mapping kills the process that touches it (SIGBUS), while a copy
just ends early. That costs one system call for up to 256 samples.
"""

import mmap
import os
import sys
from pathlib import Path
from typing import Self

from ipc import fence, segment
from ipc.clock import Clock
from ipc.errors import RingError, RingInvalidError, RingMissingError
from ipc.layout import (
    EPOCH_AT,
    FIRST_SEQUENCE,
    HEARTBEAT_AT,
    LARGEST_CAPACITY,
    LEFT_AT,
    PID_AT,
    STARTED_AT,
    Header,
    capacity_for,
)
from ipc.liveness import WriterState, WriterStatus, status
from ipc.recovery import Heritage, recover
from ipc.ring import RingReader, RingWriter, Start
from ipc.sample import Sample

__all__ = ["SegmentReader", "SegmentWriter", "Start", "WriterState"]

_LARGEST_SEGMENT = Header(capacity=LARGEST_CAPACITY, segment_id=0).segment_size


class SegmentWriter:
    """The one writer of a segment. Use open().

    epoch     how many writers have owned the segment, this one included
    replaced  why an older file at the path could not be taken over, if there was one
    write     RingWriter.write; readers who sleep are woken by beat() only
    """

    def __init__(self, path: Path, fd: int, heritage: Heritage, clock: Clock) -> None:
        self.epoch = heritage.epoch
        self.replaced: str | None = None
        self._path = path
        self._fd = fd
        self._size = heritage.header.segment_size
        self._clock = clock
        self._map = _mapped(fd, self._size)
        self._memory = memoryview(self._map)
        self._words = self._memory.cast("Q")
        self._words[EPOCH_AT // 8] = heritage.epoch
        self._words[PID_AT // 8] = os.getpid()
        self._words[STARTED_AT // 8] = clock.wall_ns()
        self._words[HEARTBEAT_AT // 8] = clock.monotonic_ns()
        self._words[LEFT_AT // 8] = 0
        self._ring = RingWriter(
            self._map,
            heritage.header,
            sequence=heritage.sequence,
            epoch=heritage.epoch,
            fence=fence.for_this_machine(),
        )
        # The ring's own method: a method around it would cost a twentieth more.
        self.write = self._ring.write

    @classmethod
    def open(cls, path: Path, *, capacity: int, clock: Clock) -> Self:
        """Own the segment at the path: a new one, or the one a writer left there.

        A segment of the same layout and capacity (rounded up to a power of two) is
        taken over: its samples stay, its readers notice only a new epoch. Anything
        else at the path is replaced, which readers follow too.

        RingBusyError: another writer owns it. RingError: no directory, no
        permission, no room, not a regular file.
        """
        capacity = capacity_for(capacity)
        fd = segment.claim(path)
        if fd is None:
            return cls._create(path, capacity, clock, instead_of=None)
        with segment.closed_on_error(fd):
            content = os.pread(fd, _LARGEST_SEGMENT + 1, 0)
            try:
                return cls(path, fd, recover(content, capacity=capacity), clock)
            except RingInvalidError as error:
                writer = cls._create(path, capacity, clock, instead_of=fd)
                writer.replaced = str(error)
        os.close(fd)
        return writer

    @classmethod
    def _create(
        cls, path: Path, capacity: int, clock: Clock, *, instead_of: int | None
    ) -> Self:
        header = Header(capacity=capacity, segment_id=int.from_bytes(os.urandom(8)))
        heritage = Heritage(header=header, sequence=FIRST_SEQUENCE, epoch=1)
        fd = segment.build(path, header, instead_of=instead_of)
        with segment.closed_on_error(fd):
            writer = cls(path, fd, heritage, clock)
        try:
            segment.publish(path)
        except RingError:
            writer.close()
            raise
        return writer

    def beat(self) -> None:
        """Show life and wake whoever waits: after each tick, and once a second.

        A write through the file, not the mapping: the kernel tells those who watch
        the file of the one, not of the other. RingError: the file was removed or cut
        short by someone, so that no new reader could find it: end and start again.
        """
        found = os.fstat(self._fd)
        if found.st_nlink == 0 or found.st_size != self._size:
            raise RingError(f"{self._path}: removed or cut short: restart to renew it")
        now = self._clock.monotonic_ns()
        os.pwrite(self._fd, now.to_bytes(8, sys.byteorder), HEARTBEAT_AT)

    def close(self) -> None:
        """Say that we left in order. The file stays, for readers and a successor."""
        if self._map.closed:
            return
        self._words[LEFT_AT // 8] = 1
        self._ring.release()
        self._words.release()
        self._memory.release()
        self._map.close()
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SegmentReader:
    """Reads the segment at a path, whichever file that is, and follows it.

    It may be born late, be taken over, be replaced, vanish: none of it is an error.
    Only a file that is there already is begun at `start`; one that appears later is
    read from its first sample, for all of it is new.

    reattached  how often another file took the place of the one that was read
    reason      why the file at the path is refused, None if it is not
    """

    def __init__(
        self, path: Path, *, clock: Clock, start: Start = Start.NEWEST
    ) -> None:
        self.reattached = 0
        self.reason: str | None = None
        self._path = path
        self._clock = clock
        self._file: segment.SegmentFile | None = None
        self._ring: RingReader | None = None
        self._lapped_before = self._corrupt_before = 0
        self._was_attached = False
        self._attach(start)

    @property
    def lapped(self) -> int:
        """Samples that the writer overwrote before they were read here."""
        return self._lapped_before + (self._ring.lapped if self._ring else 0)

    @property
    def corrupt(self) -> int:
        """Samples whose slots are damaged."""
        return self._corrupt_before + (self._ring.corrupt if self._ring else 0)

    @property
    def epoch(self) -> int:
        """The writer's number in its segment, of the last sample read; 0: none yet."""
        return self._ring.epoch if self._ring else 0

    def read(self) -> list[Sample]:
        """Give everything new since the last call, in order, at most 256 samples."""
        samples = self._drain()
        if samples or (self._file and self._file.is_still_at(self._path)):
            return samples
        # Nothing is written to a file whose place another has taken, but something
        # may have been between our look at it and our look at the path.
        if samples := self._drain():
            return samples
        self._attach(Start.FIRST)
        return self._drain()

    def writer(self) -> WriterState:
        """Tell a writer that runs from one that hangs, left or died."""
        found = self.status()
        return found.state if found else WriterState.MISSING

    def status(self) -> WriterStatus | None:
        """Give all that is known of the writer; None without a segment."""
        if self._file is None:
            return None
        return status(self._file.fd, now_ns=self._clock.monotonic_ns())

    def close(self) -> None:
        """Give the file back. Nothing can be read after that."""
        self._detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drain(self) -> list[Sample]:
        if self._ring is None:
            return []
        try:
            return self._ring.read()
        except RingInvalidError as error:
            self.reason = str(error)
            self._detach()
            return []

    def _attach(self, start: Start) -> None:
        """Turn to the file at the path, if it is a segment; else keep what we have."""
        try:
            file = segment.SegmentFile(self._path)
            with segment.closed_on_error(file.fd):
                barrier = fence.for_this_machine()
                ring = RingReader(file, file.header, start=start, fence=barrier)
        except RingMissingError:
            self.reason = None
        except RingError as error:
            self.reason = str(error)
        else:
            self.reattached += self._was_attached
            self._was_attached = True
            self._detach()
            self._file, self._ring, self.reason = file, ring, None

    def _detach(self) -> None:
        if self._file and self._ring:
            self._lapped_before += self._ring.lapped
            self._corrupt_before += self._ring.corrupt
            self._file.close()
        self._file = self._ring = None


def _mapped(fd: int, size: int) -> mmap.mmap:
    """Map a whole segment, every page now: no write waits for one later."""
    try:
        return mmap.mmap(fd, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
    except OSError as error:
        raise RingError(
            f"{size} bytes cannot be mapped: {error.strerror};"
            " raise the limit of locked memory, or lower ring.capacity"
        ) from error

# SPDX-License-Identifier: Apache-2.0
"""A writer and a reader in two processes: the ring, and what else carries samples."""

import contextlib
import multiprocessing
import select
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import zmq

from ipc.clock import SystemClock
from ipc.sample import Sample
from ipc.shm import SegmentReader, SegmentWriter
from ipc.stop import Stop
from ipc.wake import Wake
from tests.bench.packed import pack, unpack
from tests.bench.record import OURS


class Pair(Protocol):
    """Made before the fork; then one process writes and the other one reads.

    reader()  is called in the reading process, which will end without closing
              anything; what it gives waits for samples, and has none if none come
    close()   is called in the writing process, when there is no other any more
    """

    def __init__(self, directory: Path, capacity: int) -> None: ...
    def writer(self) -> Callable[[list[Sample]], None]: ...
    def reader(self, patience_s: float) -> Callable[[], list[Sample]]: ...
    def close(self) -> None: ...


class RingPair:
    """Reads whatever there is, whenever it is woken; wakes once a burst."""

    def __init__(self, directory: Path, capacity: int) -> None:
        self._path = directory / "pair.ring"
        self._path.unlink(missing_ok=True)
        self._stop = Stop()
        self._clock = SystemClock(self._stop)
        self._writer = SegmentWriter.open(
            self._path, capacity=capacity, clock=self._clock
        )
        self.lost: Callable[[], int] = lambda: 0

    def writer(self) -> Callable[[list[Sample]], None]:
        def write(samples: list[Sample]) -> None:
            for sample in samples:
                self._writer.write(sample)
            self._writer.beat()

        return write

    def reader(self, patience_s: float) -> Callable[[], list[Sample]]:
        reader = SegmentReader(self._path, clock=self._clock)
        wake = Wake(self._path.parent)
        self.lost = lambda: reader.lapped + reader.corrupt

        def read() -> list[Sample]:
            while not (samples := reader.read()):
                if not select.select([wake], [], [], patience_s)[0]:
                    return []
                wake.clear()
            return samples

        return read

    def close(self) -> None:
        self._writer.close()
        self._stop.close()


class PipePair:
    def __init__(self, _: Path, __: int) -> None:
        self._out, self._into = multiprocessing.Pipe(duplex=False)

    def writer(self) -> Callable[[list[Sample]], None]:
        def write(samples: list[Sample]) -> None:
            for sample in samples:
                self._into.send_bytes(pack(sample))

        return write

    def reader(self, patience_s: float) -> Callable[[], list[Sample]]:
        def read() -> list[Sample]:
            if not self._out.poll(patience_s):
                return []
            return [unpack(self._out.recv_bytes())]

        return read

    def close(self) -> None:
        self._out.close()
        self._into.close()


class QueuePair:
    def __init__(self, _: Path, __: int) -> None:
        self._queue: multiprocessing.Queue[bytes] = multiprocessing.Queue()

    def writer(self) -> Callable[[list[Sample]], None]:
        def write(samples: list[Sample]) -> None:
            for sample in samples:
                self._queue.put(pack(sample))

        return write

    def reader(self, patience_s: float) -> Callable[[], list[Sample]]:
        return lambda: [unpack(self._queue.get(timeout=patience_s))]

    def close(self) -> None:
        self._queue.cancel_join_thread()  # nobody is there to take what is left
        self._queue.close()


class ZeroMqPair:
    """Made after the fork: a context does not survive one."""

    def __init__(self, directory: Path, capacity: int) -> None:
        self._address = f"ipc://{directory}/pair-zmq"
        self._most = capacity
        self._made = contextlib.ExitStack()

    def writer(self) -> Callable[[list[Sample]], None]:
        context = zmq.Context()
        self._made.callback(context.term)
        socket = self._made.enter_context(context.socket(zmq.PUSH))
        socket.setsockopt(zmq.LINGER, 0)  # nobody is there to take what is left
        socket.set_hwm(self._most)
        socket.connect(self._address)

        def write(samples: list[Sample]) -> None:
            for sample in samples:
                socket.send(pack(sample))

        return write

    def reader(self, patience_s: float) -> Callable[[], list[Sample]]:
        socket = zmq.Context().socket(zmq.PULL)
        socket.set_hwm(self._most)
        socket.setsockopt(zmq.RCVTIMEO, int(1000 * patience_s))
        socket.bind(self._address)
        return lambda: [unpack(socket.recv())]

    def close(self) -> None:
        self._made.close()


PAIRS: dict[str, type[Any]] = {
    OURS: RingPair,
    "pyzmq ipc": ZeroMqPair,
    "multiprocessing.Pipe": PipePair,
    "multiprocessing.Queue": QueuePair,
}
with contextlib.suppress(ImportError):
    from tests.bench.iceoryx import IceoryxPair

    PAIRS["iceoryx2"] = IceoryxPair

# SPDX-License-Identifier: Apache-2.0
"""The ring and its rivals behind one shape: write a sample, read those that wait.

Each is given the same work, from a Sample to a Sample. All but the ring carry the
packed bytes; none of them checks its content with a CRC, and none but the ring knows
what it lost.
"""

import contextlib
import multiprocessing
from pathlib import Path
from typing import Any, Protocol

import zmq

from ipc.clock import SystemClock
from ipc.ring import Start
from ipc.sample import QUANTITIES, Sample
from ipc.shm import SegmentReader, SegmentWriter
from ipc.stop import Stop
from tests.bench.packed import pack, unpack
from tests.bench.record import OURS

FULL = {quantity.value: 1234.5 for quantity in QUANTITIES if not quantity.is_energy} | {
    quantity.value: 123_456_789 for quantity in QUANTITIES if quantity.is_energy
}
"""Something of everything."""


class Transport(Protocol):
    def write(self, sample: Sample) -> object: ...
    def read(self, count: int) -> list[Sample]: ...
    def close(self) -> None: ...


class Ring:
    def __init__(self, directory: Path) -> None:
        clock = SystemClock(Stop())
        path = directory / "bench.ring"
        self._writer = SegmentWriter.open(path, capacity=4096, clock=clock)
        self._reader = SegmentReader(path, clock=clock, start=Start.OLDEST)
        self.write = self._writer.write

    def read(self, count: int) -> list[Sample]:
        samples = self._reader.read()
        assert len(samples) == count
        return samples

    def close(self) -> None:
        self._writer.close()
        self._reader.close()


class Queue:
    def __init__(self, _: Path) -> None:
        self._queue: multiprocessing.Queue[bytes] = multiprocessing.Queue()

    def write(self, sample: Sample) -> None:
        self._queue.put(pack(sample))

    def read(self, count: int) -> list[Sample]:
        return [unpack(self._queue.get()) for _ in range(count)]

    def close(self) -> None:
        self._queue.close()
        self._queue.join_thread()


class ZeroMq:
    def __init__(self, directory: Path) -> None:
        context = self._context = zmq.Context()
        self._push, self._pull = context.socket(zmq.PUSH), context.socket(zmq.PULL)
        self._push.set_hwm(10_000)
        self._pull.set_hwm(10_000)
        self._pull.bind(f"ipc://{directory}/zmq")
        self._push.connect(f"ipc://{directory}/zmq")

    def write(self, sample: Sample) -> None:
        self._push.send(pack(sample))

    def read(self, count: int) -> list[Sample]:
        return [unpack(self._pull.recv()) for _ in range(count)]

    def close(self) -> None:
        self._context.destroy()


class Pipe:
    """Reads and writes in turns, so a batch must fit into its buffer of 64 KiB."""

    def __init__(self, _: Path) -> None:
        self._out, self._into = multiprocessing.Pipe(duplex=False)

    def write(self, sample: Sample) -> None:
        self._into.send_bytes(pack(sample))

    def read(self, count: int) -> list[Sample]:
        return [unpack(self._out.recv_bytes()) for _ in range(count)]

    def close(self) -> None:
        self._out.close()
        self._into.close()


RIVALS: dict[str, type[Any]] = {
    OURS: Ring,
    "pyzmq ipc": ZeroMq,
    "multiprocessing.Pipe": Pipe,
    "multiprocessing.Queue": Queue,
}
with contextlib.suppress(ImportError):
    from tests.bench.iceoryx import Iceoryx

    RIVALS["iceoryx2"] = Iceoryx

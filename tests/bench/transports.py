# SPDX-License-Identifier: Apache-2.0
"""The ring and its rivals behind one shape: write a sample, read those that wait.

Each is given the same work, from a Sample to a Sample. All but the ring carry the
packed bytes; none of them checks its content with a CRC, and none but the ring knows
what it lost.
"""

import contextlib
import ctypes
import multiprocessing
import struct
from pathlib import Path
from typing import Protocol

import zmq
from msgspec.structs import astuple

from ipc.clock import SystemClock
from ipc.ring import Start
from ipc.sample import QUANTITIES, SAMPLE_FORMAT, Sample
from ipc.shm import SegmentReader, SegmentWriter
from ipc.stop import Stop
from tests.bench.record import OURS

with contextlib.suppress(ImportError):  # its binding is for x86-64 only
    import iceoryx2

FULL = {quantity.value: 1234.5 for quantity in QUANTITIES if not quantity.is_energy} | {
    quantity.value: 123_456_789 for quantity in QUANTITIES if quantity.is_energy
}
"""Something of everything."""

_PACKED = struct.Struct(f"={SAMPLE_FORMAT}")


class Transport(Protocol):
    def write(self, sample: Sample) -> object: ...
    def read(self, count: int) -> list[Sample]: ...
    def close(self) -> None: ...


def pack(sample: Sample) -> bytes:
    return _PACKED.pack(*astuple(sample))


def unpack(packed: bytes) -> Sample:
    return Sample(*_PACKED.unpack(packed))


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


class _Payload(ctypes.Structure):
    _fields_ = (("packed", ctypes.c_char * _PACKED.size),)


class Iceoryx:
    def __init__(self, directory: Path) -> None:
        iceoryx2.set_log_level(iceoryx2.LogLevel.Fatal)
        self._node = iceoryx2.NodeBuilder.new().create(iceoryx2.ServiceType.Ipc)
        name = iceoryx2.ServiceName.new(str(directory))
        service = self._node.service_builder(name).publish_subscribe(_Payload)
        service = service.subscriber_max_buffer_size(512).open_or_create()
        self._publisher = service.publisher_builder().create()
        self._subscriber = service.subscriber_builder().buffer_size(512).create()

    def write(self, sample: Sample) -> None:
        self._publisher.send_copy(_Payload.from_buffer_copy(pack(sample)))

    def read(self, count: int) -> list[Sample]:
        samples = []
        for _ in range(count):
            received = self._subscriber.receive()
            samples.append(unpack(bytes(received.payload().contents)))
            received.delete()
        return samples

    def close(self) -> None:
        self._publisher.delete()
        self._subscriber.delete()


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


RIVALS = {
    OURS: Ring,
    "pyzmq ipc": ZeroMq,
    "multiprocessing.Pipe": Pipe,
    "multiprocessing.Queue": Queue,
}
if "iceoryx2" in globals():
    RIVALS["iceoryx2"] = Iceoryx

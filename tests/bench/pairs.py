# SPDX-License-Identifier: Apache-2.0
"""A writer and a reader in two processes: the ring, and what else carries samples."""

import multiprocessing
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec
import zmq

from ipc.clock import SystemClock
from ipc.sample import Sample
from ipc.shm import SegmentReader, SegmentWriter
from ipc.stop import Stop
from ipc.units import NS_PER_S, NS_PER_US
from ipc.wake import Wake
from tests.bench.record import OURS
from tests.bench.transports import pack, unpack
from tests.fakes import sample_of

CAPACITY = 4096
STREAMED = 16_384
BURST = 128
PATIENCE_S = 5.0
"""A reader that has waited for so long will not be woken any more."""


class Pair(Protocol):
    """Made before the fork; then one process writes and the other one reads."""

    def __init__(self, directory: Path, capacity: int) -> None: ...
    def writer(self) -> Callable[[list[Sample]], None]: ...
    def reader(self) -> Callable[[], list[Sample]]: ...


class RingPair:
    """Reads whatever there is, whenever it is woken; wakes once a burst."""

    def __init__(self, directory: Path, capacity: int) -> None:
        self._path = directory / "pair.ring"
        self._path.unlink(missing_ok=True)
        self._clock = SystemClock(Stop())
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

    def reader(self) -> Callable[[], list[Sample]]:
        reader = SegmentReader(self._path, clock=self._clock)
        wake = Wake(self._path.parent)
        self.lost = lambda: reader.lapped + reader.corrupt

        def read() -> list[Sample]:
            while not (samples := reader.read()):
                if not select.select([wake], [], [], PATIENCE_S)[0]:
                    return []
                wake.clear()
            return samples

        return read


class PipePair:
    def __init__(self, _: Path, __: int) -> None:
        self._out, self._into = multiprocessing.Pipe(duplex=False)

    def writer(self) -> Callable[[list[Sample]], None]:
        def write(samples: list[Sample]) -> None:
            for sample in samples:
                self._into.send_bytes(pack(sample))

        return write

    def reader(self) -> Callable[[], list[Sample]]:
        def read() -> list[Sample]:
            return [unpack(self._out.recv_bytes())] if self._out.poll(5.0) else []

        return read


class QueuePair:
    def __init__(self, _: Path, __: int) -> None:
        self._queue: multiprocessing.Queue[bytes] = multiprocessing.Queue()

    def writer(self) -> Callable[[list[Sample]], None]:
        def write(samples: list[Sample]) -> None:
            for sample in samples:
                self._queue.put(pack(sample))

        return write

    def reader(self) -> Callable[[], list[Sample]]:
        return lambda: [unpack(self._queue.get(timeout=PATIENCE_S))]


class ZeroMqPair:
    """Made after the fork: a context does not survive one."""

    def __init__(self, directory: Path, _: int) -> None:
        self._address = f"ipc://{directory}/pair-zmq"

    def writer(self) -> Callable[[list[Sample]], None]:
        socket = zmq.Context().socket(zmq.PUSH)
        socket.set_hwm(2 * STREAMED)
        socket.connect(self._address)

        def write(samples: list[Sample]) -> None:
            for sample in samples:
                socket.send(pack(sample))

        return write

    def reader(self) -> Callable[[], list[Sample]]:
        socket = zmq.Context().socket(zmq.PULL)
        socket.set_hwm(2 * STREAMED)
        socket.setsockopt(zmq.RCVTIMEO, int(1000 * PATIENCE_S))
        socket.bind(self._address)
        return lambda: [unpack(socket.recv())]


PAIRS: dict[str, type[Any]] = {
    OURS: RingPair,
    "pyzmq ipc": ZeroMqPair,
    "multiprocessing.Pipe": PipePair,
    "multiprocessing.Queue": QueuePair,
}


def stream(kind: type[Pair], directory: Path) -> dict[str, list[float]]:
    """Write as fast as can be, until the reader has all: nanoseconds a sample.

    Of CPU time both processes' together, of wall time the longer one's.
    """
    pair = kind(directory, 4 * STREAMED)
    result = _reading(pair, STREAMED)
    write = pair.writer()
    burst = [sample_of()] * BURST
    begun_ns, spent_ns = time.monotonic_ns(), time.process_time_ns()
    for _ in range(STREAMED // BURST):
        write(burst)
    found = result()
    spent_ns = time.process_time_ns() - spent_ns + found["cpu_ns"]
    wall_ns = found["ended_ns"] - begun_ns
    return {"wall_ns": [wall_ns / STREAMED], "cpu_ns": [spent_ns / STREAMED]}


def wake_up(kind: type[Pair], directory: Path) -> dict[str, list[float]]:
    """Write a hundred samples a second: microseconds until the reader has each."""
    pair = kind(directory, CAPACITY)
    count = 25
    result = _reading(pair, count)
    write = pair.writer()
    for _ in range(count):
        time.sleep(0.01)
        write([sample_of(mono_ns=time.monotonic_ns())])
    return {"latency_us": result()["latencies"]}


def sustained(directory: Path, rate: int) -> dict[str, list[float]]:
    """Write for half a second at this rate, in bursts of 2 ms.

    lost         samples the reader did not get: it was kept off for longer than a ring
                 of this capacity lasts
    unaccounted  samples it neither got nor counted as lost
    """
    clock = SystemClock(Stop())
    pair = RingPair(directory, CAPACITY)
    result = _reading(pair, rate // 2)
    write = pair.writer()
    burst = [sample_of()] * (rate // 500)
    begun_ns = clock.monotonic_ns()
    for number in range(250):
        clock.wait_until(begun_ns + number * NS_PER_S // 500)
        write(burst)
    found = result()
    lost = rate // 2 - found["count"]
    return {"lost": [lost], "unaccounted": [abs(lost - found["lost"])]}


def idle(directory: Path) -> dict[str, list[float]]:
    """Give what a reader takes of a core while nobody writes for two seconds."""
    pair = RingPair(directory, CAPACITY)

    def work(ready: Callable[[], object]) -> dict[str, Any]:
        pair.reader()
        wake = Wake(directory)
        ready()
        begun_s = time.process_time()
        for _ in range(2):
            select.select([wake], [], [], 1.0)
            wake.clear()
        return {"percent": 100 * (time.process_time() - begun_s) / 2}

    return {"cpu_percent": [_in_child(work)()["percent"]]}


def _reading(pair: Pair, expected: int) -> Callable[[], dict[str, Any]]:
    """Read in a child, which is ready when this returns."""

    def work(ready: Callable[[], object]) -> dict[str, Any]:
        read = pair.reader()
        lost = pair.lost if isinstance(pair, RingPair) else int
        ready()
        spent_ns = time.process_time_ns()
        count, latencies = 0, []
        while count + lost() < expected and (samples := read()):
            latencies.append((time.monotonic_ns() - samples[-1].mono_ns) / NS_PER_US)
            count += len(samples)
        return {
            "ended_ns": time.monotonic_ns(),
            "cpu_ns": time.process_time_ns() - spent_ns,
            "count": count,
            "lost": lost(),
            "latencies": latencies[:1000],
        }

    return _in_child(work)


def _in_child(
    work: Callable[[Callable[[], object]], dict[str, Any]],
) -> Callable[[], dict[str, Any]]:
    """Run work in a forked process, which is ready; give a function for its result."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = work(lambda: os.write(into, b" "))
            os.write(into, msgspec.json.encode(answer))
        finally:
            os._exit(0)
    os.close(into)
    pipe = os.fdopen(out, "rb")
    pipe.read(1)

    def result() -> dict[str, Any]:
        with pipe:
            answer = pipe.read()
        os.waitpid(pid, 0)
        decoded: dict[str, Any] = msgspec.json.decode(answer)
        return decoded

    return result

# SPDX-License-Identifier: Apache-2.0
"""What is measured of a pair whose two ends are in two processes."""

import contextlib
import os
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ipc.clock import SystemClock
from ipc.stop import Stop
from ipc.units import NS_PER_S, NS_PER_US
from ipc.wake import Wake
from tests.bench.pairs import Pair, RingPair
from tests.fakes import sample_of

CAPACITY = 4096
STREAMED = 16_384
BURST = 128
PATIENCE_S = 5.0
"""A reader that has waited for so long will not be woken any more."""

LEISURE_HZ, LEISURE = 1000, 500
"""What "at leisure" means: so many samples a second, and so many in all."""

Result = Callable[[], dict[str, Any]]


def stream(kind: type[Pair], directory: Path) -> dict[str, list[float]]:
    """Write as fast as can be, until the reader has all: nanoseconds a sample.

    Of CPU time both processes' together, of wall time the longer one's.
    """
    with (
        contextlib.closing(kind(directory, 4 * STREAMED)) as pair,
        _reading(pair, STREAMED) as result,
    ):
        write = pair.writer()
        burst = [sample_of()] * BURST
        begun_ns, spent_ns = time.monotonic_ns(), time.process_time_ns()
        for _ in range(STREAMED // BURST):
            write(burst)
        found = result()
        spent_ns = time.process_time_ns() - spent_ns + found["cpu_ns"]
    if found["count"] != STREAMED:
        raise RuntimeError(f"{kind.__name__}: {found['count']} of {STREAMED} arrived")
    wall_ns = found["ended_ns"] - begun_ns
    return {"wall_ns": [wall_ns / STREAMED], "cpu_ns": [spent_ns / STREAMED]}


def wake_up(kind: type[Pair], directory: Path) -> dict[str, list[float]]:
    """Write a hundred samples a second: microseconds until the reader has each."""
    count = 25
    with (
        contextlib.closing(kind(directory, CAPACITY)) as pair,
        _reading(pair, count) as result,
    ):
        write = pair.writer()
        for _ in range(count):
            time.sleep(0.01)
            write([sample_of(mono_ns=time.monotonic_ns())])
        return {"latency_us": result()["latencies"]}


def at_leisure(kind: type[Pair], directory: Path) -> dict[str, list[float]]:
    """Write a thousand samples a second: percent of a core, at each end."""
    with (
        contextlib.closing(kind(directory, CAPACITY)) as pair,
        _reading(pair, LEISURE) as result,
    ):
        write = pair.writer()
        sample = [sample_of()]
        written_ns = _paced(lambda: write(sample))
        read_ns = result()["cpu_ns"]
    return {
        "reader_percent": [_percent(read_ns)],
        "writer_percent": [_percent(written_ns)],
    }


def only_waits() -> dict[str, list[float]]:
    """Wait a thousand times a second: what it costs to be there, at either end."""
    waited = [_percent(_paced(lambda: None))]
    return {"reader_percent": waited, "writer_percent": waited}


def _paced(act: Callable[[], None]) -> int:
    """Act at leisure; give the CPU time of it, in ns."""
    with contextlib.closing(Stop()) as stop:
        clock = SystemClock(stop)
        begun_ns, spent_ns = clock.monotonic_ns(), time.process_time_ns()
        for number in range(LEISURE):
            clock.wait_until(begun_ns + number * NS_PER_S // LEISURE_HZ)
            act()
        return time.process_time_ns() - spent_ns


def _percent(cpu_ns: int) -> float:
    return 100 * cpu_ns * LEISURE_HZ / LEISURE / NS_PER_S


def sustained(directory: Path, rate: int) -> dict[str, list[float]]:
    """Write for half a second at this rate, in bursts of 2 ms.

    lost         samples the reader did not get: it was kept off for longer than a ring
                 of this capacity lasts
    unaccounted  samples it neither got nor counted as lost
    """
    with (
        contextlib.closing(Stop()) as stop,
        contextlib.closing(RingPair(directory, CAPACITY)) as pair,
        _reading(pair, rate // 2) as result,
    ):
        clock = SystemClock(stop)
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

    def work(ready: Callable[[], object]) -> dict[str, Any]:
        pair.reader(PATIENCE_S)
        wake = Wake(directory)
        ready()
        begun_s = time.process_time()
        for _ in range(2):
            select.select([wake], [], [], 1.0)
            wake.clear()
        return {"percent": 100 * (time.process_time() - begun_s) / 2}

    with (
        contextlib.closing(RingPair(directory, CAPACITY)) as pair,
        _in_child(work) as result,
    ):
        return {"cpu_percent": [result()["percent"]]}


def _reading(pair: Pair, expected: int) -> contextlib.AbstractContextManager[Result]:
    """Read in a child, which is ready when this is entered."""

    def work(ready: Callable[[], object]) -> dict[str, Any]:
        read = pair.reader(PATIENCE_S)
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


@contextlib.contextmanager
def _in_child(
    work: Callable[[Callable[[], object]], dict[str, Any]],
) -> Iterator[Result]:
    """Run work in a forked process, which is ready; give a function for its result.

    However the block is left, the process is gone then.
    """
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = work(lambda: os.write(into, b" "))
            os.write(into, msgspec.json.encode(answer))
        except Exception:  # noqa: BLE001 - nobody above it may go on in this process
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        try:
            pipe.read(1)
            yield lambda: msgspec.json.decode(pipe.read())
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

# SPDX-License-Identifier: Apache-2.0
"""The ring between two processes: rate, wake-up, and what a core has to give.

pytest -m bench -s tests/bench. Nothing is asserted about time.
"""

import os
import select
import statistics
import time

import msgspec
import pytest

from ipc.clock import SystemClock
from ipc.shm import SegmentReader, SegmentWriter
from ipc.stop import Stop
from ipc.units import NS_PER_S, NS_PER_US
from ipc.wake import Wake
from tests.strategies import sample_of

pytestmark = [pytest.mark.bench, pytest.mark.timeout(120)]


def cpu_s():
    times = os.times()
    return times.user + times.system


def in_child(work, *arguments):
    """Run work(*arguments) in a forked process; give a function for its result."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(into, msgspec.json.encode(work(*arguments)))
        finally:
            os._exit(0)
    os.close(into)

    def result():
        with os.fdopen(out, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(pid, 0)
        return msgspec.json.decode(answer)

    return result


def write_at(path, *, rate, burst, duration_s, is_writing=True):
    """Write so many samples a second, `burst` at a time; give the CPU share in %."""
    clock = SystemClock(Stop())
    sample = sample_of(1)
    bursts = int(duration_s * rate / burst)
    with SegmentWriter.open(path, capacity=4096, clock=clock) as writer:
        before_s, deadline_ns = cpu_s(), clock.monotonic_ns()
        for _ in range(bursts):
            if is_writing:
                for _ in range(burst):
                    writer.write(
                        msgspec.structs.replace(sample, mono_ns=clock.monotonic_ns())
                    )
                writer.beat()
            deadline_ns += int(NS_PER_S * burst / rate)
            clock.wait_until(deadline_ns)
        return 100 * (cpu_s() - before_s) / duration_s


def read_woken(path, expected, duration_s):
    """Sleep until woken, read; give counts, latencies in us and the CPU share in %."""
    clock = SystemClock(Stop())
    reader = SegmentReader(path, clock=clock)
    wake = Wake(path.parent)
    count, latencies, before_s = 0, [], cpu_s()
    deadline_ns = clock.monotonic_ns() + int((duration_s + 2) * NS_PER_S)
    while count + reader.lapped < expected and clock.monotonic_ns() < deadline_ns:
        select.select([wake], [], [], 1.0)
        wake.clear()
        while samples := reader.read():
            now_ns = clock.monotonic_ns()
            latencies.append((now_ns - samples[-1].mono_ns) / NS_PER_US)
            count += len(samples)
    return {
        "count": count,
        "lapped": reader.lapped,
        "corrupt": reader.corrupt,
        "latencies": sorted(latencies),
        "cpu": 100 * (cpu_s() - before_s) / duration_s,
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bench.ring"


@pytest.mark.parametrize(("rate", "burst"), [(200_000, 400), (300_000, 600)])
def test_sustained_rate(path, rate, burst):
    duration_s = 5
    reading = in_child(read_woken, path, rate * duration_s, duration_s)
    begin = time.perf_counter()
    write_at(path, rate=rate, burst=burst, duration_s=duration_s)
    took_s = time.perf_counter() - begin
    read = reading()

    print(
        f"\nasked for {rate}/s: wrote {rate * duration_s / took_s:.0f}/s,"
        f" read {read['count']}, lapped {read['lapped']}, corrupt {read['corrupt']}"
    )


@pytest.mark.parametrize("rate", [10, 100, 1000])
def test_wake_up_and_cpu(path, rate):
    duration_s = 5
    pacing = write_at(path, rate=rate, burst=1, duration_s=duration_s, is_writing=False)
    path.unlink()
    reading = in_child(read_woken, path, rate * duration_s, duration_s)
    writing = write_at(path, rate=rate, burst=1, duration_s=duration_s)
    read = reading()
    latencies = read["latencies"]

    print(
        f"\n{rate}/s: woken after {statistics.median(latencies):.0f} us (p50),"
        f" {latencies[len(latencies) * 99 // 100]:.0f} us (p99);"
        f" writer {writing - pacing:+.2f} % of a core over its pacing"
        f" ({pacing:.2f} %), reader {read['cpu']:.2f} %"
    )


def test_idle_cost(path):
    duration_s = 5
    clock = SystemClock(Stop())
    with SegmentWriter.open(path, capacity=4096, clock=clock):
        reading = in_child(read_woken, path, 1, duration_s - 2)
        read = reading()

    print(f"\nnothing written for {duration_s} s: reader {read['cpu']:.3f} % of a core")

# SPDX-License-Identifier: Apache-2.0
"""What the sampler takes of the wire and of the CPU, beside plain minimalmodbus.

pytest -m bench tests/bench/test_bus_bench.py

It prints tables and asserts only what is right or wrong: the silence before every
frame, and the number of ticks. Times of a shared machine are to be looked at.
"""

import contextlib
import gc
import itertools
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from ipc.clock import NS_PER_MS, NS_PER_S, NS_PER_US, SystemClock
from ipc.shm import SegmentReader, Start
from ipc.stop import Stop
from sampler.simulator.eastron_sdm630 import MODEL
from sampler.simulator.wire import Line
from tests.bench import masters, slave

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

WARM_UP = 3

UNDISTURBED = 10
"""Percentile: on a shared machine, most of what is longer was another's doing."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One way of reading; times of one sample, the second of each pair a median.

    cycle  the wire's time and the silences that the slave saw before each request
    short  requests before which there was less silence than there must be
    """

    cycle_ms: tuple[float, float]
    cpu_us: tuple[float, float]
    silence_ms: float
    short: int


def blocks_of(workload, baudrate):
    is_block = workload.startswith("70")
    return [masters.BLOCK] if is_block else masters.plan_at(baudrate).blocks


def wire_ms(baudrate, counts):
    """Give the wire's time for reads of so many registers: nobody reads faster."""
    line = Line(baudrate=baudrate)
    per_read_ns = 2 * line.silence_ns + line.duration_ns(8) + MODEL.turnaround_ns
    return (
        sum(per_read_ns + line.duration_ns(5 + 2 * count) for count in counts)
        / NS_PER_MS
    )


def measure(master, baudrate, counts, *, cycles):
    with (
        slave.running(baudrate) as running,
        contextlib.contextmanager(master)(running.path, baudrate) as read,
    ):
        for _ in range(WARM_UP):
            assert 200 < read() < 260
        gc.collect()
        cpu_ns = [time.process_time_ns()]
        for _ in range(cycles):
            read()
            cpu_ns.append(time.process_time_ns())
        measured = running.finish()
    cpu_us = sorted((b - a) / NS_PER_US for a, b in itertools.pairwise(cpu_ns))
    silences_ns = measured.silences_ns[-cycles * len(counts) :]
    # The slave is punctual, so all that a reader adds to the wire's time is silence.
    excess_ms = [
        sorted((it - measured.required_ns) / NS_PER_MS for it in silences_ns[at::step])
        for step in [len(counts)]
        for at in range(step)
    ]
    limit_ms = wire_ms(baudrate, counts)
    return Result(
        cycle_ms=tuple(
            limit_ms + sum(percentile(each, percent) for each in excess_ms)
            for percent in (UNDISTURBED, 50)
        ),
        cpu_us=tuple(percentile(cpu_us, percent) for percent in (UNDISTURBED, 50)),
        silence_ms=min(silences_ns) / NS_PER_MS,
        short=sum(it < measured.required_ns for it in silences_ns),
    )


HEAD = (
    f"\n{'':<32}{'cycle ms':>9}{'median':>8}{'/ wire':>8}{'CPU us':>8}{'median':>8}"
    f"{'time':>7}{'CPU':>7}{'silence >=':>12}{'short':>7}"
)


def row(name, result, ours, limit_ms):
    (cycle_ms, median_ms), (cpu_us, median_us) = result.cycle_ms, result.cpu_us
    return (
        f"  {name:<30}{cycle_ms:>9.2f}{median_ms:>8.2f}{cycle_ms / limit_ms:>8.4f}"
        f"{cpu_us:>8.0f}{median_us:>8.0f}"
        f"{cycle_ms / ours.cycle_ms[0]:>6.1f}x{median_us / ours.cpu_us[1]:>6.1f}x"
        f"{result.silence_ms:>9.2f} ms{result.short:>7}"
    )


@pytest.mark.parametrize("baudrate", [9600, 19200, 115200])
@pytest.mark.parametrize("workload", masters.WORKLOADS)
def test_cycle_time_and_cpu_beside_plain_minimalmodbus(workload, baudrate, capsys):
    counts = [block.count for block in blocks_of(workload, baudrate)]
    values = 35 if len(counts) == 1 else masters.VALUES
    limit_ms = wire_ms(baudrate, counts)
    cycles = int(min(150, 8000 / limit_ms))
    ours, by_block, by_value = masters.WORKLOADS[workload]
    results = [
        measure(ours, baudrate, counts, cycles=cycles),
        measure(by_block, baudrate, counts, cycles=cycles),
        measure(by_value, baudrate, [2] * values, cycles=max(10, cycles // 3)),
    ]
    with capsys.disabled():
        print(HEAD)
        by_value_ms = wire_ms(baudrate, [2] * values)
        print(
            f"{workload}, {baudrate} baud: the wire needs {limit_ms:.2f} ms,"
            f" and {by_value_ms:.2f} ms ({by_value_ms / limit_ms:.1f}x) value by value"
        )
        for name, result in zip(NAMES, results, strict=True):
            print(row(name, result, results[0], limit_ms))
    assert results[0].short == 0


NAMES = (
    "everest-powermeter",
    "minimalmodbus, read_registers",
    "minimalmodbus, read_float",
)


CONFIG = """
[[bus]]
name = "bench"
port = "{path}"
baudrate = 115200
rate_hz = 10
[[bus.meter]]
name = "meter"
model = "eastron_sdm630"
unit_id = 1
module_id = "meter"
[ring]
directory = "{directory}"
capacity = 1024
[log]
level = "warning"
"""


def test_ten_samples_a_second_for_a_minute(tmp_path, capsys):
    stop = Stop()
    clock = SystemClock(stop)
    config = tmp_path / "config.toml"
    with slave.running(115200) as running:
        config.write_text(CONFIG.format(path=running.path, directory=tmp_path))
        command = [sys.executable, "-m", "sampler", "run", str(config)]
        with subprocess.Popen(command, cwd=slave.ROOT) as sampler:
            bare_us = bare_lateness_us(clock, seconds=61, rate_hz=10)
            sampler.send_signal(signal.SIGTERM)
        assert sampler.returncode == 0
        silence = running.finish()
    samples = read_ring(tmp_path / "bench.ring", clock)
    stop.close()
    short = sum(it < silence.required_ns for it in silence.silences_ns)
    deadlines_ns = [deadline_ns(sample) for sample in samples]
    elapsed_s = (deadlines_ns[-1] - deadlines_ns[0]) / 1e9
    ticks = samples[-1].tick - samples[0].tick
    lateness_us = sorted(sample.lateness_us for sample in samples)
    with capsys.disabled():
        print(
            f"\n10 Hz: {ticks} ticks in {elapsed_s:.6f} s,"
            f" drift {(elapsed_s - ticks / 10) * 1e6:.0f} us;"
            f" lateness {spread(lateness_us)}"
            f" (a process that only waits, meanwhile: {spread(bare_us)});"
            f" overruns {samples[-1].overruns}, misses {samples[-1].misses};"
            f" too short a silence {short}"
        )
    assert [sample.tick for sample in samples] == list(range(len(samples)))
    assert abs(elapsed_s - ticks / 10) < 0.001
    assert short == 0


def bare_lateness_us(clock, *, seconds, rate_hz):
    """Only wait for deadlines meanwhile: what the machine does to any process."""
    start_ns = clock.monotonic_ns()
    lateness_us = []
    for number in range(1, seconds * rate_hz + 1):
        due_ns = start_ns + number * NS_PER_S // rate_hz
        clock.wait_until(due_ns)
        lateness_us.append((clock.monotonic_ns() - due_ns) // NS_PER_US)
    return sorted(lateness_us)


def spread(ordered):
    p50, p99 = percentile(ordered, 50), percentile(ordered, 99)
    return f"p50 {p50}, p99 {p99}, max {ordered[-1]} us"


def deadline_ns(sample):
    """When the tick was due, from what the sample says (to some microseconds)."""
    begun_ns = sample.mono_ns - sample.duration_us * 500
    return begun_ns - sample.lateness_us * 1000


def percentile(ordered, percent):
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def read_ring(path, clock):
    samples = []
    with SegmentReader(path, clock=clock, start=Start.OLDEST) as reader:
        while more := reader.read():
            samples += more
    return samples

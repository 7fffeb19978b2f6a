# SPDX-License-Identifier: Apache-2.0
"""How late a tick begins, idle and with every core loaded, and that it never drifts.

Beside the sampler, at the same time, a process does nothing but wait for the same
deadlines: what it is late by is the machine's doing.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ipc.clock import SystemClock
from ipc.sample import Sample
from ipc.stop import Stop
from ipc.units import NS_PER_S, NS_PER_US
from tests.bench import chain, slave
from tests.bench.chain import Settings
from tests.bench.contest import Effort
from tests.bench.record import OURS, Series

SECTION = "scheduler"
WAITING = "a process that only waits"
MODEL = "saia_burgess_ale3"
"""15 values in one block, 10 ms at 115200 baud: it can be read 50 times a second."""


def run(effort: Effort, directory: Path) -> Iterator[Series]:
    """Measure it."""
    rates = (10,) if effort.is_quick else (1, 10, 50)
    for is_loaded in (False, True):
        for rate_hz in rates:
            home = directory / f"{rate_hz}-{is_loaded}"
            home.mkdir()
            what = "all cores loaded" if is_loaded else "idle"
            with contextlib.ExitStack() as stack:
                if is_loaded:
                    for _ in range(os.cpu_count() or 1):
                        stack.enter_context(_hog())
                yield from _one(f"{rate_hz} Hz, {what}", rate_hz, effort, home)


def _one(case: str, rate_hz: int, effort: Effort, home: Path) -> Iterator[Series]:
    """Wait for the same number of deadlines each round, and look at the ring after."""
    stop = Stop()
    clock = SystemClock(stop)
    ticks = max(15, 3 * rate_hz // 2) if effort.is_quick else max(15, 4 * rate_hz)
    ours: list[list[float]] = []
    bare: list[list[float]] = []
    everything: list[Sample] = []
    settings = Settings(model=MODEL, rate_hz=rate_hz, is_prompt=True)
    with slave.running(115_200, model=MODEL, pace="pieces") as meter:
        config = settings.write(home, port=meter.path)
        with chain.command("sampler", "run", config):
            reader = chain.attached(home / "bench.ring", clock)
            for _ in range(effort.rounds):
                bare.append(_lateness_us(clock, rate_hz=rate_hz, ticks=ticks))
                samples = reader.read()
                everything += samples
                ours.append([float(sample.lateness_us) for sample in samples])
            reader.close()
    stop.close()
    for name, rounds in ((OURS, ours), (WAITING, bare)):
        yield _series(case, name, "lateness_us", rounds)
    yield _series(case, OURS, "drift_us", [[drift_us(everything, rate_hz)]])
    yield _series(case, OURS, "ticks_off", [[ticks_off(everything, rate_hz)]])


def _series(case: str, name: str, metric: str, rounds: list[list[float]]) -> Series:
    return Series(section=SECTION, case=case, name=name, metric=metric, rounds=rounds)


def _lateness_us(clock: SystemClock, *, rate_hz: int, ticks: int) -> list[float]:
    start_ns = clock.monotonic_ns()
    lateness_us = []
    for number in range(1, ticks + 1):
        due_ns = start_ns + number * NS_PER_S // rate_hz
        clock.wait_until(due_ns)
        lateness_us.append((clock.monotonic_ns() - due_ns) / NS_PER_US)
    return lateness_us


def drift_us(samples: list[Sample], rate_hz: float) -> float:
    """Give how far the last deadline is from where the first one puts it."""
    first, last = samples[0], samples[-1]
    elapsed_us = (_deadline_ns(last) - _deadline_ns(first)) / NS_PER_US
    return abs(elapsed_us - (last.tick - first.tick) / rate_hz * 1e6)


def ticks_off(samples: list[Sample], rate_hz: float) -> float:
    """Give how many ticks there were too many or too few for the time that passed."""
    first, last = samples[0], samples[-1]
    elapsed_s = (_deadline_ns(last) - _deadline_ns(first)) / NS_PER_S
    return abs(last.tick - first.tick - round(elapsed_s * rate_hz))


def _deadline_ns(sample: Sample) -> float:
    """When the tick was due, from what the sample says (to some microseconds)."""
    begun_ns = sample.mono_ns - sample.duration_us * NS_PER_US / 2
    return begun_ns - sample.lateness_us * NS_PER_US


@contextlib.contextmanager
def _hog() -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()

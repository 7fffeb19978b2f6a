# SPDX-License-Identifier: Apache-2.0
"""What two processes take of a machine: memory, CPU, wake-ups, writes, time to start.

Beside a Python that only waits, which is the least that anything in Python takes.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ipc.clock import SystemClock
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from tests.bench import chain
from tests.bench.chain import VALUES, Peer, Settings
from tests.bench.contest import Effort, contest
from tests.bench.counters import counters, pss_mb
from tests.bench.record import OURS, Series

SECTION = "footprint"
BARE = "a Python that only waits"
MODELS = {1: "eastron_sdm630", 10: "eastron_sdm630", 100: "orno_we_504"}
"""By rate; the last is the only one that a line carries so often: 6 values, 7 ms."""


def run(effort: Effort, directory: Path) -> Iterator[Series]:
    """Measure it."""
    for rate_hz in (10,) if effort.is_quick else MODELS:
        home = directory / f"{rate_hz}"
        home.mkdir()
        yield from _running(rate_hz, effort, home)
    home = directory / "start"
    home.mkdir()
    yield from _starting(effort, home)


def _running(rate_hz: int, effort: Effort, home: Path) -> Iterator[Series]:
    """Look at both processes while they work, window by window."""
    settings = Settings(
        model=MODELS[rate_hz],
        rate_hz=float(rate_hz),
        every_sample=False,
        is_prompt=rate_hz > 10,
    )
    window_s = 1 if effort.is_quick else 5
    stop = Stop()
    clock = SystemClock(stop)
    rounds: dict[tuple[str, str], list[list[float]]] = {}

    def add(name: str, metric: str, value: float) -> None:
        rounds.setdefault((name, metric), []).append([value])

    with chain.running(home, settings) as parts, _bare() as bare:
        pids = [parts.sampler.pid, parts.publisher.pid]
        with contextlib.closing(Peer(parts.broker, VALUES)) as peer:
            peer.until(lambda: bool(peer.came))
        for _ in range(effort.rounds):
            before, cpu_s = [counters(pid) for pid in pids], time.process_time()
            _wait(clock, rate_hz=rate_hz, seconds=window_s)
            waited_s = time.process_time() - cpu_s
            after = [counters(pid) for pid in pids]
            for metric, counter, factor in (
                ("cpu_percent", "cpu_ns", 100 / NS_PER_S / window_s),
                ("wakeups_per_s", "wakeups", 1 / window_s),
                ("written_bytes_per_h", "written_bytes", 3600 / window_s),
            ):
                spent = sum(
                    b[counter] - a[counter] for a, b in zip(before, after, strict=True)
                )
                add(OURS, metric, spent * factor)
            add(BARE, "cpu_percent", 100 * waited_s / window_s)
            add(OURS, "pss_mb", sum(pss_mb(pid) for pid in pids))
            add(BARE, "pss_mb", pss_mb(bare.pid))
    stop.close()
    case = f"{settings.model} at {rate_hz} Hz, both processes"
    by_metric = sorted(rounds.items(), key=lambda item: item[0][1])
    for (name, metric), measured in by_metric:
        yield Series(
            section=SECTION, case=case, name=name, metric=metric, rounds=measured
        )


def _wait(clock: SystemClock, *, rate_hz: int, seconds: int) -> None:
    start_ns = clock.monotonic_ns()
    for number in range(1, seconds * rate_hz + 1):
        clock.wait_until(start_ns + number * NS_PER_S // rate_hz)


@contextlib.contextmanager
def _bare() -> Iterator[subprocess.Popen[bytes]]:
    program = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        assert process.stdin
        process.stdin.close()


def _starting(effort: Effort, home: Path) -> Iterator[Series]:
    """Start both at once, until the subscriber has the first value."""

    def whole() -> dict[str, list[float]]:
        with chain.supplied(home, Settings()) as (path, broker):
            with contextlib.closing(Peer(broker, VALUES)) as peer:
                begun_ns = time.monotonic_ns()
                with (
                    chain.command("sampler", "run", path),
                    chain.command("publisher", "run", path),
                ):
                    peer.until(lambda: bool(peer.came))
            return {"start_ms": [(peer.came[0][0] - begun_ns) / NS_PER_MS]}

    def bare() -> dict[str, list[float]]:
        begun_ns = time.monotonic_ns()
        with _bare():
            return {"start_ms": [(time.monotonic_ns() - begun_ns) / NS_PER_MS]}

    contenders = {OURS: whole, BARE: bare}
    yield from contest(SECTION, "from nothing to the first value", contenders, effort)

# SPDX-License-Identifier: Apache-2.0
"""Samplers side by side, each with a line and a meter of its own, as one a bus is."""

import contextlib
import functools
import os
import signal
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from ipc.clock import Clock, SystemClock
from ipc.stop import Stop
from ipc.units import NS_PER_S, NS_PER_US
from tests.bench import chain, slave
from tests.bench.chain import Settings
from tests.bench.contest import Effort, Round, contest
from tests.bench.counters import counters, pss_mb
from tests.bench.record import Series

SETTINGS = Settings(model="saia_burgess_ale3", rate_hz=25, is_prompt=True)
"""15 values in one block, 10 ms of a line: a small machine has time for eight."""

PERIOD_NS = round(NS_PER_S / SETTINGS.rate_hz)
SETTLING = 1
"""Periods until a process that was stopped has found back to its deadlines: it is
late for one of them at once, and in time for the next."""


def side_by_side(
    section: str, case: str, sizes: Sequence[int], effort: Effort, directory: Path
) -> Iterator[Series]:
    """Measure the CPU time of a sample, and the memory, of each of n samplers."""
    periods = 4 if effort.is_quick else 20
    by_name = {str(size): float(size) for size in sizes}
    with contextlib.ExitStack() as stack:
        clock = SystemClock(stack.enter_context(contextlib.closing(Stop())))
        pids: list[int] = []
        contenders: dict[str, Round] = {}
        memory: list[Series] = []
        for name, size in by_name.items():
            homes = [directory / f"sampler-{n}" for n in range(len(pids), round(size))]
            pids += [stack.enter_context(_sampler(home)) for home in homes]
            for home in homes:
                chain.attached(home / "bench.ring", clock).close()
            # The list grows further: those behind are the ones that will be stopped.
            contenders[name] = functools.partial(_cost, pids, len(pids), clock, periods)
            memory.append(
                Series(
                    section=section,
                    case=case,
                    name=name,
                    metric="pss_mb",
                    rounds=[[pss_mb(pid) for pid in pids]],
                    size=size,
                )
            )
        yield from contest(section, case, contenders, effort, sizes=by_name)
    yield from memory


@contextlib.contextmanager
def _sampler(home: Path) -> Iterator[int]:
    """Have a meter, its line and a sampler; give the sampler's process id."""
    home.mkdir()
    with slave.running(115_200, model=SETTINGS.model, pace="pieces") as meter:
        config = SETTINGS.write(home, port=meter.path)
        with chain.command("sampler", "run", config) as process:
            yield process.pid


def _cost(
    pids: Sequence[int], count: int, clock: Clock, periods: int
) -> dict[str, list[float]]:
    """Let so many work and the others not; what each takes for one of its periods."""
    working = pids[:count]
    with _stopped(pids[count:]):
        begun_ns = clock.monotonic_ns() + SETTLING * PERIOD_NS
        clock.wait_until(begun_ns)
        before = [counters(pid)["cpu_ns"] for pid in working]
        clock.wait_until(begun_ns + periods * PERIOD_NS)
        after = [counters(pid)["cpu_ns"] for pid in working]
    spent_us = [
        (end - begin) / periods / NS_PER_US
        for begin, end in zip(before, after, strict=True)
    ]
    # Their mean is what is judged: the least of eight is less than the least of one.
    return {"cpu_us": [statistics.mean(spent_us)], "each_cpu_us": spent_us}


@contextlib.contextmanager
def _stopped(pids: Sequence[int]) -> Iterator[None]:
    """Keep processes from working; they go on however the block is left."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

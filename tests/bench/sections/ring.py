# SPDX-License-Identifier: Apache-2.0
"""The ring, in one process and between two, beside other ways to carry a sample."""

import contextlib
import functools
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.bench import between
from tests.bench.contest import Effort, Round, contest
from tests.bench.pairs import PAIRS
from tests.bench.record import OURS, Series
from tests.bench.transports import FULL, RIVALS, Transport
from tests.fakes import sample_of

SECTION = "ring"
SAMPLES = 4096
TIMED = 256
"""Samples of one measurement, about a millisecond: sixteen of them are a round."""
LOOP = "an empty loop with the same waits"
REFERENCE = Path(__file__).parents[1] / "ring_reference.c"


def run(effort: Effort, directory: Path) -> Iterator[Series]:
    """Measure it."""
    yield from _between(effort, directory)  # first: it forks, and rivals have threads
    yield from _alone(effort, directory)


def _alone(effort: Effort, directory: Path) -> Iterator[Series]:
    with contextlib.ExitStack() as stack:
        transports = {
            name: stack.enter_context(contextlib.closing(make(directory)))
            for name, make in RIVALS.items()
        }
        for batch in (128, 1):
            contenders: dict[str, Round] = {
                name: _round(transport, batch) for name, transport in transports.items()
            }
            if batch > 1 and shutil.which("cc"):
                contenders["the ring in C"] = _reference(directory)
            how = f"{batch} at a time" if batch > 1 else "one at a time"
            case = f"write and read a sample, {how}"
            yield from contest(SECTION, case, contenders, effort)


def _round(transport: Transport, batch: int) -> Round:
    """Write and read in batches; nanoseconds a sample.

    CPU time is the whole process's: some rivals work in threads of their own, on the
    other core.
    """
    sample = sample_of(**FULL)
    write, read = transport.write, transport.read

    def measure() -> dict[str, list[float]]:
        writes, reads, cpu = [], [], []
        for _ in range(SAMPLES // TIMED):
            spent = time.process_time_ns()
            written = was_read = 0
            for _ in range(TIMED // batch):
                begun = time.perf_counter_ns()
                for _ in range(batch):
                    write(sample)
                half = time.perf_counter_ns()
                read(batch)
                was_read += time.perf_counter_ns() - half
                written += half - begun
            cpu.append((time.process_time_ns() - spent) / TIMED)
            writes.append(written / TIMED)
            reads.append(was_read / TIMED)
        both = [sum(pair) for pair in zip(writes, reads, strict=True)]
        return {"wall_ns": both, "cpu_ns": cpu, "write_ns": writes, "read_ns": reads}

    return measure


def _reference(directory: Path) -> Round:
    """Compile the same ring in C; it measures itself, write plus read."""
    program = directory / "ring_reference"
    command = ["cc", "-O2", "-o", program, REFERENCE, "-lz"]
    subprocess.run(command, check=True)

    def measure() -> dict[str, list[float]]:
        numbers = list(map(float, subprocess.check_output([program]).split()))
        return {"wall_ns": numbers[::2], "cpu_ns": numbers[1::2]}

    return measure


def _between(effort: Effort, directory: Path) -> Iterator[Series]:
    def against_all(
        measure: Callable[[type[Any], Path], dict[str, list[float]]],
    ) -> dict[str, Round]:
        return {
            name: functools.partial(measure, pair, directory)
            for name, pair in PAIRS.items()
        }

    case = "two processes, as fast as they can"
    yield from contest(SECTION, case, against_all(between.stream), effort)
    case = "a waiting reader is woken, 100 samples a second"
    yield from contest(SECTION, case, against_all(between.wake_up), effort)
    case = "200,000 samples a second, capacity 4096"
    at_rate: dict[str, Round] = {OURS: lambda: between.sustained(directory, 200_000)}
    yield from contest(SECTION, case, at_rate, effort)
    if not effort.is_quick:
        case = "two processes, 1000 samples a second"
        paced = {**against_all(between.at_leisure), LOOP: between.only_waits}
        measured = list(contest(SECTION, case, paced, effort))
        yield from measured
        yield from above(measured, LOOP)
        case = "a waiting reader, while nobody writes"
        idle: dict[str, Round] = {OURS: lambda: between.idle(directory)}
        yield from contest(SECTION, case, idle, effort)


def above(measured: Sequence[Series], floor: str) -> Iterator[Series]:
    """Give what ours costs above a contender that does nothing, round by round."""
    by_name = {(each.metric, each.name): each for each in measured}
    for (metric, name), ours in by_name.items():
        if name == OURS:
            pairs = zip(ours.rounds, by_name[metric, floor].rounds, strict=True)
            yield msgspec.structs.replace(
                ours,
                metric=f"{metric.removesuffix('_percent')}_above_the_loop_percent",
                rounds=[
                    [mine - its for mine, its in zip(*pair, strict=True)]
                    for pair in pairs
                ],
            )

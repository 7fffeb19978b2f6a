# SPDX-License-Identifier: Apache-2.0
"""What a sample costs, write plus read, beside other ways to carry it.

pytest -m bench -s tests/bench. Nothing is asserted about time: machines differ, the
ratios of one run do less.
"""

import shutil
import statistics
import subprocess
import time
from pathlib import Path

import pytest

from tests.strategies import sample_of

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

REPETITIONS = 9
SAMPLES = 4096


@pytest.fixture(scope="module")
def transports(tmp_path_factory):
    rivals = pytest.importorskip("tests.bench.transports")
    directory = tmp_path_factory.mktemp("bench")
    made = {name: make(directory) for name, make in rivals.RIVALS.items()}
    yield made
    for transport in made.values():
        transport.close()


def cost_ns(transport, batch):
    """Measure a sample's write and read in batches of this size: wall, CPU time.

    CPU time is the whole process's: some rivals work in threads of their own, on the
    other core.
    """
    sample = sample_of(1)
    write, read = transport.write, transport.read
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(SAMPLES // batch):
        for _ in range(batch):
            write(sample)
        read(batch)
    wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    return wall / SAMPLES, cpu / SAMPLES


def reference_ns(tmp_path):
    """Measure the same ring in C."""
    source = Path(__file__).with_name("ring_reference.c")
    program = tmp_path / "ring_reference"
    subprocess.run(["cc", "-O2", "-o", program, source, "-lz"], check=True)  # noqa: S607 - the machine's compiler
    runs = [subprocess.check_output([program]) for _ in range(5)]
    return statistics.median(map(float, runs))


@pytest.mark.parametrize("batch", [128, 1])
def test_what_a_sample_costs(transports, tmp_path, batch):
    costs = {name: [] for name in transports}
    for _ in range(REPETITIONS):
        for name, transport in transports.items():
            costs[name].append(cost_ns(transport, batch))
    medians = {
        name: tuple(map(statistics.median, zip(*each, strict=True)))
        for name, each in costs.items()
    }
    if batch > 1 and shutil.which("cc"):
        medians["the ring in C"] = (reference_ns(tmp_path),) * 2

    print(f"\nwrite + read of a sample, batches of {batch}, median of {REPETITIONS}")
    print(f"{'':24}{'wall ns':>8}{'ring is':>10}{'CPU ns':>10}{'ring is':>10}")
    ring_wall, ring_cpu = medians["ring"]
    for name, (wall, cpu) in medians.items():
        print(
            f"{name:24}{wall:8.0f}{ring_wall / wall:9.2f}x"
            f"{cpu:10.0f}{ring_cpu / cpu:9.2f}x"
        )

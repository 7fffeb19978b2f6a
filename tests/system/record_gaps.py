# SPDX-License-Identifier: Apache-2.0
"""How long the samples are apart while the longest record is read.

    python -m tests.system.record_gaps

A real sampler at 1 Hz, an EM580 whose wire is as slow as a real one, and a record as
long as the meter holds (4062 bytes), read again and again.
"""

import statistics
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from ipc.commands import ReadRecord, RecordTold
from ipc.sample import Sample
from ipc.units import NS_PER_MS, NS_PER_S
from sampler.simulator.signing import em580_layout as at
from sampler.simulator.signing.models import em580
from tests.system.signing_rig import Rig, running

LONGEST_BYTES = 4062
SAMPLES = 20
RATE_HZ = 1.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured at one speed: gaps between samples, in milliseconds."""

    baudrate: int
    is_reading: bool
    samples: int
    longest_ms: float
    latest_us: int
    overruns: int
    seconds: float = 0.0

    def __str__(self) -> str:
        what = f"read in {self.seconds:.1f} s" if self.is_reading else "nothing else"
        return (
            f"| {self.baudrate} | {what} | {self.samples} | {self.longest_ms:.1f} |"
            f" {self.latest_us} | {self.overruns} |"
        )


def hold_longest_record(rig: Rig) -> None:
    """Let the meter have a record that fills its file."""
    filler = "x" * (LONGEST_BYTES - len('OCMF|{"TT":""}|{"SD":"00"}'))
    record = f'OCMF|{{"TT":"{filler}"}}|{{"SD":"00"}}'.encode()
    assert len(record) == LONGEST_BYTES
    memory = rig.meter.device._memory
    memory.put(at.FILE, record)
    memory.put_number(at.FILE_WORDS, LONGEST_BYTES // 2)
    memory.put_number(at.FILE_STATE, 2)


def measure(baudrate: int) -> Iterator[Row]:
    """Measure first without any verb, then with a record being read all the time."""
    with (
        tempfile.TemporaryDirectory() as directory,
        running(Path(directory), em580(), baudrate=baudrate, rate_hz=RATE_HZ) as rig,
    ):
        rig.samples.clear()
        while len(rig.samples) < SAMPLES:
            rig.wait(0.5)
        yield _row(baudrate, rig.samples, [])
        hold_longest_record(rig)
        rig.samples.clear()
        times = []
        while len(rig.samples) < SAMPLES:
            begin_ns = rig.clock.monotonic_ns()
            outcome = rig.do(ReadRecord(), timeout_s=60)
            assert isinstance(outcome, RecordTold), outcome
            assert len(outcome.record) == LONGEST_BYTES
            times.append((rig.clock.monotonic_ns() - begin_ns) / NS_PER_S)
        yield _row(baudrate, rig.samples, times)


def _row(baudrate: int, samples: list[Sample], times: list[float]) -> Row:
    gaps = [later.mono_ns - sooner.mono_ns for sooner, later in pairwise(samples)]
    return Row(
        baudrate=baudrate,
        is_reading=bool(times),
        samples=len(samples),
        longest_ms=max(gaps) / NS_PER_MS,
        latest_us=max(sample.lateness_us for sample in samples),
        overruns=samples[-1].overruns - samples[0].overruns,
        seconds=statistics.median(times) if times else 0.0,
    )


if __name__ == "__main__":
    sys.stdout.write(
        f"| baud | a record of {LONGEST_BYTES} bytes | samples at {RATE_HZ:g} Hz |"
        " longest gap, ms | latest tick, us | missed ticks |\n|---|---|---|---|---|---|\n"
    )
    for speed in (9600, 115_200):
        for row in measure(speed):
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()

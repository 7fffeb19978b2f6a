# SPDX-License-Identifier: Apache-2.0
"""How costs grow: meters on a bus, buses of a publisher, transactions in a journal.

In CPU time: nothing waits here, neither for a wire nor for a disk, behind which that
which grows would be hidden. Only the last case waits for the disk.
"""

import contextlib
import functools
import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ipc.clock import SystemClock
from ipc.config import MeterTable, PublishTable
from ipc.log import RateLimit
from ipc.shm import SegmentReader, SegmentWriter
from ipc.stop import Stop
from ipc.units import NS_PER_US
from publisher.feed import Feed
from publisher.journal import Journal
from publisher.meter import Meter
from publisher.topics import Topics
from sampler.assembly import meters_of
from sampler.check import plan_bus
from sampler.fault import Fault
from sampler.plan import Block
from sampler.simulator import registry
from sampler.simulator.meter import Meter as SimulatedMeter
from sampler.tick import Tick
from sampler.tools.line import LineSettings
from tests.bench import samplers
from tests.bench.contest import Effort, Round, contest
from tests.bench.record import OURS, Series
from tests.bench.transports import FULL
from tests.fakes import FakeLog, sample_of
from tests.publisher.stories import KEY, PUBLIC_KEY, begun, ended

SECTION = "scale"
ON_DISK = True
"""Its directory must be one: a journal on a tmpfs would be none."""
MODEL = "eastron_sdm630"
RECORD = "x" * 740  # a gateway's record is about so long


def run(effort: Effort, directory: Path) -> Iterator[Series]:
    """Measure it."""
    stop = Stop()
    clock = SystemClock(stop)
    meters = {count: _meters(count, clock) for count in (1, 4, 16, 32)}
    yield from _growth("sampler, a sample of one of n meters", meters, effort)
    case = "n samplers, a sample of one of n buses"
    sizes = (1, 4, 8) if effort.is_quick else (1, 2, 4, 8)
    yield from samplers.side_by_side(SECTION, case, sizes, effort, directory)
    with contextlib.ExitStack() as stack:
        buses = {
            count: stack.enter_context(_buses(count, directory, clock))
            for count in (1, 2, 4, 8)
        }
        yield from _growth("publisher, a sample of one of n buses", buses, effort)
        counts = (10, 100, 1000, 10_000, *(() if effort.is_quick else (100_000,)))
        journals = {
            count: functools.partial(
                _timed,
                stack.enter_context(_journal(directory / f"{count}.db", count)),
                time.process_time_ns,
            )
            for count in counts
        }
        case = "journal, a transaction behind n others"
        yield from _growth(case, journals, effort)
        yield from _disk(directory, effort)
    stop.close()


def _growth(
    case: str, measured: Mapping[int, Callable[[], float]], effort: Effort
) -> Iterator[Series]:
    def a_round(measure: Callable[[], float]) -> Round:
        return lambda: {"cpu_us": [measure() for _ in range(10)]}

    contenders = {str(size): a_round(measure) for size, measure in measured.items()}
    sizes = {str(size): float(size) for size in measured}
    yield from contest(SECTION, case, contenders, effort, sizes=sizes)


class _Canned:
    """A bus that answers at once, what a simulated meter answered before."""

    def __init__(self) -> None:
        self._meter = SimulatedMeter(registry.find(MODEL))
        self._answers: dict[Block, bytes] = {}

    def read(self, _unit_id: int, block: Block) -> bytes | Fault:
        if block not in self._answers:
            request = b"\1" + bytes(
                (block.function_code, *divmod(block.address, 256), 0, block.count)
            )
            answer = self._meter.answer(request + _crc(request), elapsed_ns=0)
            assert answer
            self._answers[block] = answer[3:-2]
        return self._answers[block]


def _meters(count: int, clock: SystemClock) -> Callable[[], float]:
    tables = tuple(
        MeterTable(name=f"m{at}", model=MODEL, unit_id=at + 1, module_id=f"m{at}")
        for at in range(count)
    )
    table = LineSettings().table("/dev/null", timeout_s=0.1, meters=tables)
    meters = meters_of(plan_bus(table), bus=_Canned(), clock=clock)
    ticks = itertools.count()

    def measure() -> float:
        tick = Tick(number=next(ticks), deadline_ns=0, missed=0)
        begun_ns = time.process_time_ns()
        for meter in meters:
            meter.read(tick, lateness_us=0, overruns=0)
        return (time.process_time_ns() - begun_ns) / NS_PER_US / count

    return measure


@contextlib.contextmanager
def _buses(
    count: int, directory: Path, clock: SystemClock
) -> Iterator[Callable[[], float]]:
    """Have so many rings and a feed for each; the cost is of draining one sample."""
    log = FakeLog()
    with contextlib.ExitStack() as stack:
        writers, feeds = [], []
        for at in range(count):
            path = directory / f"{count}-{at}.ring"
            writer = SegmentWriter.open(path, capacity=64, clock=clock)
            writers.append(stack.enter_context(writer))
            ring = stack.enter_context(SegmentReader(path, clock=clock))
            limit = RateLimit(clock)
            meters = [_published()]
            feeds.append(
                Feed(bus=str(at), ring=ring, meters=meters, log=log, limit=limit)
            )

        def measure() -> float:
            now_ns = clock.monotonic_ns()
            for writer in writers:
                writer.write(sample_of(mono_ns=now_ns, **FULL))
            begun_ns = time.process_time_ns()
            for feed in feeds:
                assert list(feed.drain(now_ns))
            return (time.process_time_ns() - begun_ns) / NS_PER_US / count

        yield measure


def _published() -> Meter:
    table = MeterTable(name="m", model=MODEL, unit_id=1, module_id="m")
    topics = Topics(base="b", module_id="m")
    return Meter(table, topics=topics, publish=PublishTable(every_sample=True))


@contextlib.contextmanager
def _journal(
    path: Path, count: int, *, synchronous: str = "OFF"
) -> Iterator[Callable[[], None]]:
    """Have a journal with so many finished transactions in it, and do one more."""
    number = itertools.count()

    def transact() -> None:
        name = f"t-{next(number)}"
        journal.begin("m", begun(name), fingerprint=KEY)
        journal.finish("m", name, ended(), fingerprint=KEY, sign=lambda _: RECORD)

    with contextlib.closing(Journal.open(path)) as journal:
        journal.add_key(KEY, public_key=PUBLIC_KEY)
        _synchronous(journal, "OFF")
        for _ in range(count):
            transact()
        _synchronous(journal, synchronous)
        yield transact


def _timed(act: Callable[[], object], clock_ns: Callable[[], int]) -> float:
    begun_ns = clock_ns()
    act()
    return (clock_ns() - begun_ns) / NS_PER_US


def _synchronous(journal: Journal, how: str) -> None:
    assert journal._connection
    journal._connection.execute(f"PRAGMA synchronous = {how}")


def _disk(directory: Path, effort: Effort) -> Iterator[Series]:
    """Begin and finish for good, beside two bare writes that reach the disk too."""
    with (
        _journal(directory / "disk.db", 10, synchronous="FULL") as transact,
        (directory / "bare").open("wb", buffering=0) as bare,
    ):

        def write() -> None:
            for _ in range(2):
                bare.write(bytes(4096))
                os.fdatasync(bare.fileno())

        def a_round(act: Callable[[], None]) -> Round:
            return lambda: {
                "wall_us": [_timed(act, time.perf_counter_ns) for _ in range(10)]
            }

        contenders = {OURS: a_round(transact), "two bare writes": a_round(write)}
        case = "a transaction begun and finished, on disk"
        yield from contest(SECTION, case, contenders, effort)


def _crc(data: bytes) -> bytes:
    """CRC-16 of Modbus over Serial Line V1.02, 6.2.2."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register.to_bytes(2, "little")

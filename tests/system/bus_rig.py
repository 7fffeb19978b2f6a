# SPDX-License-Identifier: Apache-2.0
"""A sampler's whole path in one process, with a line that a test can spoil.

Meter, line, bus, loop, ring, and the reader of that ring are all real. The line stands between the sampler and a meter of its own make (the simulator, or an
independent one): every request is carried to the meter, and a script says what the
sampler hears of the answer.
"""

import contextlib
import os
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from ipc.clock import SystemClock
from ipc.config import BusTable, MeterTable
from ipc.notify import Notify
from ipc.sample import Quality, Sample
from ipc.shm import SegmentReader, SegmentWriter
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from sampler.assembly import meters_of
from sampler.bus import SerialBus
from sampler.check import plan_bus
from sampler.loop import Loop
from sampler.report import Report
from sampler.simulator.eastron_sdm630 import MODEL
from sampler.simulator.frame import ReadRequest
from sampler.simulator.meter import Meter
from sampler.simulator.server import Server
from sampler.simulator.wire import Line
from sampler.tick import Ticker
from sampler.timing import TIMING, Timing
from tests.fakes import FakeLog
from tests.sampler.wires import Slave, echo_of
from tests.system.independent import independent_meter, shown

UNIT = 7
RATE_HZ = 12.0
BAUDRATE = 1_000_000
PATIENCE_S = 10.0
"""Far more than anything takes; a test that runs into it has failed."""


class FarEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A meter: the descriptor of its line, and what its samples must look like."""

    fd: int
    is_right: Callable[[Sample], bool]

    def ask(self, request: ReadRequest) -> bytes:
        """Carry a request to the meter and give its answer, empty if there is none."""
        os.write(self.fd, echo_of(request))
        answer, size = b"", 5 + 2 * request.count
        while len(answer) < size:
            ready, _, _ = select.select([self.fd], [], [], 0.2)
            if not ready:
                break
            answer += os.read(self.fd, 300)
            if answer[1:2] == bytes((request.function_code | 0x80,)):
                size = 5
        return answer


@contextlib.contextmanager
def simulated() -> Iterator[FarEnd]:
    """Give our simulated SDM630."""
    stop = Stop()
    meter = Meter(MODEL, unit_id=UNIT)
    line, clock = Line(baudrate=BAUDRATE), SystemClock(stop)
    with Server([meter], line=line, clock=clock, stop=stop) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        fd = os.open(server.path, os.O_RDWR | os.O_NOCTTY)
        try:
            yield FarEnd(fd=fd, is_right=_is_of_the_simulator)
        finally:
            stop.request()
            thread.join()
            os.close(fd)
    stop.close()


@contextlib.contextmanager
def independent() -> Iterator[FarEnd]:
    """Give the pymodbus server."""
    with independent_meter(UNIT) as fd:
        yield FarEnd(fd=fd, is_right=_is_of_the_independent)


FAR_ENDS = {"simulator": simulated, "pymodbus": independent}


def _is_of_the_simulator(sample: Sample) -> bool:
    """Whether every value is one that a charging car's meter has."""
    return (
        all(220 < v < 240 for v in (sample.voltage_l1_v, sample.voltage_l3_v))
        and 49.9 < sample.frequency_l1_hz < 50.1
        and 0 <= sample.power_w < 12_000
        and abs(sample.power_w - 3 * sample.power_l2_w) < 1000
        and 0 < sample.energy_import_l1_mwh < sample.energy_import_mwh
    )


def _is_of_the_independent(sample: Sample) -> bool:
    """Whether every value is that of its register, exactly."""
    return (
        sample.voltage_l1_v == shown(0x0000)
        and sample.power_l3_w == shown(0x0010)
        and sample.power_w == shown(0x0034)
        and sample.frequency_l1_hz == shown(0x0046)
        and sample.energy_import_mwh == round(shown(0x0048) * 1_000_000)
        and sample.current_n_a == shown(0x00E0)
        and sample.energy_export_l3_mwh == round(shown(0x0164) * 1_000_000)
    )


class Rig:
    """The far end, the line, and a sampler that runs in a thread."""

    def __init__(
        self,
        directory: Path,
        far_end: FarEnd,
        *,
        units: tuple[int, ...] = (UNIT,),
        rate_hz: float = RATE_HZ,
        timing: Timing = TIMING,
    ) -> None:
        self.far_end = far_end
        self._units = units
        self._rate_hz = rate_hz
        self._timing = timing
        self.log = FakeLog()
        self.line = Slave(self.faithful, link=directory / "by-id")
        self.port = directory / "by-id"
        self.samples: list[Sample] = []
        self._stop = Stop()
        self.clock = SystemClock(self._stop)
        self._ring_path = directory / "bus.ring"
        self._thread = threading.Thread(target=self._sample)
        self._ready = threading.Event()

    def faithful(self, request: ReadRequest) -> Iterator[tuple[float, bytes]]:
        """Script: what the meter says is what the sampler hears."""
        yield 0, self.far_end.ask(request)

    def start(self) -> None:
        self.line.plug()
        self._thread.start()
        self._ready.wait()
        self.reader = SegmentReader(self._ring_path, clock=self.clock)

    def close(self) -> None:
        self._stop.request()
        self._thread.join()
        self.line.close()
        self.reader.close()
        self._stop.close()

    def until(self, condition: Callable[[list[Sample]], bool]) -> list[Sample]:
        """Take samples until the condition holds of all since the call; give them."""
        taken: list[Sample] = []
        waiting = Stop()
        clock = SystemClock(waiting)
        give_up_ns = clock.monotonic_ns() + int(PATIENCE_S * NS_PER_S)
        while not condition(taken):
            taken += self.reader.read()
            if clock.monotonic_ns() > give_up_ns:
                seen = [Quality(sample.quality) for sample in taken]
                raise AssertionError(f"not seen; only {seen}, {self.log.lines[-5:]}")
            clock.wait_until(clock.monotonic_ns() + 5 * NS_PER_MS)
        waiting.close()
        return taken

    def until_right(self) -> list[Sample]:
        """Take samples until one is good; give all, the good one last."""
        taken = self.until(lambda samples: any(s.is_good for s in samples))
        return taken[: [sample.is_good for sample in taken].index(True) + 1]

    def _sample(self) -> None:
        meters = [
            MeterTable(
                name=f"m{unit}",
                model="eastron_sdm630",
                unit_id=unit,
                module_id=f"pm{unit}",
            )
            for unit in self._units
        ]
        table = BusTable(
            name="b",
            port=str(self.port),
            meter=meters,
            baudrate=BAUDRATE,
            rate_hz=self._rate_hz,
            timeout_s=0.06,
        )
        planned = plan_bus(table)
        clock, stop = self.clock, self._stop
        bus = SerialBus(
            table, wire=planned.wire, clock=clock, stop=stop, timing=self._timing
        )
        start_ns = clock.monotonic_ns()
        with (
            SegmentWriter.open(self._ring_path, capacity=1024, clock=clock) as ring,
            contextlib.closing(bus),
        ):
            loop = Loop(
                ticker=Ticker(start_ns=start_ns, rate_hz=self._rate_hz),
                meters=meters_of(planned, bus=bus, clock=clock),
                ring=ring,
                report=Report(log=self.log, clock=clock),
                notify=Notify({}, clock=clock),
                clock=clock,
                stop=stop,
            )
            self._ready.set()
            loop.run()


@contextlib.contextmanager
def running(directory: Path, far_end: FarEnd, **more: Any) -> Iterator[Rig]:
    """Give a rig whose samples are good."""
    rig = Rig(directory, far_end, **more)
    rig.start()
    try:
        rig.until_right()
        yield rig
    finally:
        rig.close()

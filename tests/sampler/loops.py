# SPDX-License-Identifier: Apache-2.0
"""A loop over meters that are not there, in time that is ours."""

import contextlib
import struct

from ipc.config import BusTable, MeterTable
from ipc.notify import Notify
from ipc.sample import Quality
from ipc.stop import Stop
from sampler.assembly import meters_of
from sampler.check import plan_bus
from sampler.fault import Fault
from sampler.loop import Loop
from sampler.report import Report
from sampler.tick import Ticker
from tests.fakes import FakeBus, FakeClock, FakeLog, FakeRing

TIMEOUT_S = 0.4
NO_ANSWER = Fault(kind=Quality.TIMEOUT, detail="no answer")


class Bench:
    """A bus of SDM630s, units 1 to n; those in `dead` do not answer."""

    def __init__(self, meters=1, *, rate_hz=1.0, **table):
        self.clock = FakeClock()
        self.stop = Stop()
        self.ring, self.log = FakeRing(), FakeLog()
        self.dead: set[int] = set()
        self.bus = FakeBus(self.clock, self._answer)
        self.bus.read_s = 0.001
        planned = plan_bus(
            BusTable(
                name="b",
                port="p",
                baudrate=1_000_000,
                rate_hz=rate_hz,
                meter=[
                    MeterTable(
                        name=f"m{unit}",
                        model="eastron_sdm630",
                        unit_id=unit,
                        module_id=f"pm{unit}",
                        **table,
                    )
                    for unit in range(1, meters + 1)
                ],
            )
        )
        self.loop = Loop(
            ticker=Ticker(start_ns=0, rate_hz=rate_hz),
            meters=meters_of(planned, bus=self.bus, clock=self.clock),
            ring=self.ring,
            report=Report(log=self.log, clock=self.clock),
            notify=Notify({}, clock=self.clock),
            clock=self.clock,
            stop=self.stop,
        )

    def _answer(self, unit_id, block):
        if unit_id in self.dead:
            self.clock.advance(TIMEOUT_S)
            return NO_ANSWER
        return struct.pack(f">{block.count // 2}f", *[1.0] * (block.count // 2))

    def step(self, ticks=1):
        """Do so many ticks; give their samples by unit."""
        self.ring.samples.clear()
        self.bus.reads.clear()
        for _ in range(ticks):
            self.loop.step()
        samples = {}
        for sample in self.ring.samples:
            samples.setdefault(sample.meter + 1, []).append(sample)
        return samples


@contextlib.contextmanager
def benches():
    """Give a function that makes a Bench; all are closed in the end."""
    made = []

    def make(*arguments, **options):
        made.append(Bench(*arguments, **options))
        return made[-1]

    yield make
    for each in made:
        each.stop.close()

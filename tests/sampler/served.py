# SPDX-License-Identifier: Apache-2.0
"""Meters that tests talk to: on a pseudo-terminal, or without any wire at all."""

import contextlib
import struct
import termios
import threading

from ipc.clock import SystemClock
from ipc.sample import Quality
from ipc.stop import Stop
from sampler.fault import Fault
from sampler.simulator.eastron_sdm630 import MODEL
from sampler.simulator.frame import seal
from sampler.simulator.meter import Meter
from sampler.simulator.server import Server
from sampler.simulator.wire import Line

FAST = Line(baudrate=115200)


@contextlib.contextmanager
def serving(*meters, line=FAST):
    """Have meters on a terminal, and its server, for as long as the block lasts."""
    stop = Stop()
    with Server(
        meters or [Meter(MODEL)], line=line, clock=SystemClock(stop), stop=stop
    ) as server:
        for meter in meters:
            meter.server = server
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            stop.request()
            thread.join()
    stop.close()


class Wrapped:
    """A simulated meter whose answers a test changes; it keeps what it was asked."""

    def __init__(self, meter=None, *, change=lambda answer: answer):
        self.meter = meter or Meter(MODEL)
        self.model = self.meter.model
        self.requests = []
        self.change = change

    def answer(self, frame, *, elapsed_ns):
        if frame:  # the server hands on an empty one when it is stopped
            self.requests.append(frame)
        answer = self.meter.answer(frame, elapsed_ns=elapsed_ns)
        return None if answer is None else self.change(answer)


class OnlyAt(Wrapped):
    """A meter that is deaf unless the terminal has its speed."""

    def __init__(self, speed, meter=None):
        super().__init__(meter)
        self.speed = speed

    def answer(self, frame, *, elapsed_ns):
        if termios.tcgetattr(self.server._slave)[4] != self.speed:
            return None
        return super().answer(frame, elapsed_ns=elapsed_ns)


class SimulatedBus:
    """A bus without a wire: each read is carried out by simulated meters."""

    def __init__(self, *meters):
        self.meters = meters
        self.reads = []

    def read(self, unit_id, block):
        self.reads.append((unit_id, block))
        head = (unit_id, block.function_code, block.address, block.count)
        frame = seal(struct.pack(">BBHH", *head))
        for meter in self.meters:
            answer = meter.answer(frame, elapsed_ns=20_000_000_000)
            if answer is not None:
                return self._parse(answer)
        return Fault(kind=Quality.TIMEOUT, detail="no answer")

    @staticmethod
    def _parse(answer):
        if answer[1] & 0x80:
            return Fault(kind=Quality.REFUSED, detail="refused", code=answer[2])
        return answer[3:-2]

# SPDX-License-Identifier: Apache-2.0
"""A simulated meter that signs, the arbiter that commands it, and time that is ours.

The wire takes the time it would, a tick comes when it would, and a test may lose any
request or answer. Nothing here sleeps.
"""

import enum
import struct
from collections.abc import Callable

from ipc.commands import Call, Command, Outcome
from ipc.sample import Quality
from ipc.units import NS_PER_S
from sampler import registermap
from sampler.arbiter import Arbiter, Charge, Errand
from sampler.fault import Fault
from sampler.operation import Heard, Read
from sampler.signing.kinds import signer_of
from sampler.simulator.frame import seal
from sampler.simulator.meter import Meter
from sampler.simulator.model import Model
from sampler.wire import Wire
from tests.fakes import FakeClock

TIMEOUT_S = 0.3
START_NS = 10 * NS_PER_S
"""The meter has been up for so long: it takes its clock."""


class Loss(enum.Enum):
    """What becomes of an exchange on the wire."""

    NONE = "none"
    REQUEST = "the request is lost"
    ANSWER = "the request arrives, its answer is lost"


class Sampled:
    """What the sampler knows of the meter: it looks with each tick."""

    def __init__(self) -> None:
        self.is_answering = True

    def doubt(self) -> None:
        self.is_answering = False


class Desk:
    """One meter on one bus, commanded through the arbiter.

    spent  every errand, with the time it began and what came of it
    """

    def __init__(
        self,
        model: Model,
        profile: str | None = None,
        *,
        baudrate: int = 115_200,
        period_s: float = 1.0,
        tick_s: float = 0.3,
        lose: Callable[[int], Loss] = lambda _: Loss.NONE,
    ) -> None:
        self.clock = FakeClock(mono_ns=START_NS)
        self.meter = Meter(model)
        self.sampled = Sampled()
        self.spent: list[tuple[int, Errand, Heard]] = []
        self.lose = lose
        self.wire = Wire(baudrate=baudrate, bits=10)
        loaded = registermap.load(profile or model.name)
        self.turnaround_s = loaded.limits.turnaround_ms / 1000
        self.signer = signer_of(loaded)
        charge = Charge(
            unit_id=1,
            turnaround_s=self.turnaround_s,
            signer=self.signer,
            asked=self.sampled,
        )
        self.arbiter = Arbiter({"meter": charge}, self.wire)
        self._period_ns = round(period_s * NS_PER_S)
        self._tick_s = tick_s
        self._calls = 0

    def do(self, command: Command, timeout_s: float = 60.0) -> Outcome:
        """Have a verb done; give how it ended."""
        self._calls += 1
        call = Call(
            number=self._calls, meter="meter", command=command, timeout_s=timeout_s
        )
        self.arbiter.take(7, call, self.clock.mono_ns)
        while not (ended := self.arbiter.ended()):
            self._go_on()
        assert [(each.caller, each.call) for each in ended] == [(7, call)]
        return ended[0].outcome

    def cut_power(self, *, after_s: float = 0, for_s: float = 0.1) -> None:
        at_ns = self.clock.mono_ns + round(after_s * NS_PER_S)
        self.meter.cut_power(at_ns=at_ns, for_ns=round(for_s * NS_PER_S))

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.sampled.is_answering = True

    def writes(self) -> list[tuple[int, bytes]]:
        """Give what was written, in order."""
        return [
            (errand.operation.address, errand.operation.data)
            for _, errand, _ in self.spent
            if not isinstance(errand.operation, Read)
        ]

    def _go_on(self) -> None:
        """Do what fits before the next tick, or be there when it comes."""
        now_ns = self.clock.mono_ns
        deadline_ns = (now_ns // self._period_ns + 1) * self._period_ns
        errand = self.arbiter.next(now_ns, deadline_ns)
        if errand is not None:
            heard = self._exchange(errand)
            self.spent.append((now_ns, errand, heard))
            assert self.clock.mono_ns <= deadline_ns or isinstance(heard, Fault)
            self.arbiter.heard(heard, self.clock.mono_ns)
            return
        due_ns = self.arbiter.due_ns
        if due_ns is not None and now_ns < due_ns < deadline_ns:
            self.clock.mono_ns = due_ns
            return
        self.clock.mono_ns = deadline_ns
        self.clock.advance(self._tick_s)
        self.sampled.is_answering = self._answers()

    def _answers(self) -> bool:
        probe = seal(struct.pack(">BBHH", 1, 4, 0, 1))
        return self.meter.answer(probe, elapsed_ns=self.clock.mono_ns) is not None

    def _exchange(self, errand: Errand) -> Heard:
        """Let the wire carry a request and what the meter says to it."""
        operation = errand.operation
        if isinstance(operation, Read):
            head = (1, operation.function_code, operation.address, operation.count)
            frame = seal(struct.pack(">BBHH", *head))
            wire_s = self.wire.read_s(operation.count, turnaround_s=self.turnaround_s)
        else:
            data = operation.data
            head = (1, 16, operation.address, len(data) // 2, len(data))
            frame = seal(struct.pack(">BBHHB", *head) + data)
            wire_s = self.wire.write_s(operation.count, turnaround_s=self.turnaround_s)
        loss = self.lose(len(self.spent))
        self.clock.advance(wire_s)
        answer = None
        if loss is not Loss.REQUEST:
            answer = self.meter.answer(frame, elapsed_ns=self.clock.mono_ns)
        if answer is None or loss is Loss.ANSWER:
            self.clock.advance(TIMEOUT_S)
            return Fault(kind=Quality.TIMEOUT, detail="no answer")
        if answer[1] & 0x80:
            return Fault(kind=Quality.REFUSED, detail="exception", code=answer[2])
        return answer[3:-2] if isinstance(operation, Read) else b""

# SPDX-License-Identifier: Apache-2.0
"""What is done between two ticks: take commands, and do operations that fit."""

import select
from collections.abc import Sequence
from typing import Final, Protocol, assert_never

from ipc.clock import Clock
from ipc.commands import Answer, Call, Outcome
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from sampler.arbiter import Arbiter, Errand
from sampler.fault import WritableBus
from sampler.operation import Heard, Read, Write
from sampler.plan import Block

EXACT_NS: Final = 10 * NS_PER_MS
"""The last of a wait is the clock's: it is exact, and hears no command."""


class Channel(Protocol):
    """Where commands come from and answers go to."""

    def fileno(self) -> int:
        """Give the descriptor that is readable when there is something to take."""
        ...

    def take(self) -> list[tuple[int, Call]]:
        """Take what has come: who calls, and what."""
        ...

    def answer(self, caller: int, answer: Answer) -> None:
        """Send an answer."""
        ...


class VerbReport(Protocol):
    """Who is told of verbs."""

    def verb(self, call: Call, outcome: Outcome) -> None:
        """Take note of a verb's end."""
        ...

    def at_work(self, calls: Sequence[Call]) -> None:
        """Take note of what has not come to its end."""
        ...


class Slack:
    """The time that sampling leaves, put to use."""

    def __init__(
        self,
        *,
        arbiter: Arbiter,
        channel: Channel,
        bus: WritableBus,
        report: VerbReport,
        clock: Clock,
        stop: Stop,
    ) -> None:
        self._arbiter = arbiter
        self._channel = channel
        self._bus = bus
        self._report = report
        self._clock = clock
        self._stop = stop

    def use(self, until_ns: int, *, deadline_ns: int) -> None:
        """Serve commands until then; no operation is begun that outlasts the deadline.

        Returns early when a stop is requested.
        """
        while not self._stop.requested:
            now_ns = self._clock.monotonic_ns()
            if now_ns >= until_ns:
                return
            for caller, call in self._channel.take():
                self._arbiter.take(caller, call, now_ns)
            errand = self._arbiter.next(now_ns, deadline_ns)
            self._answer()
            if errand is not None:
                heard = self._perform(errand)
                self._arbiter.heard(heard, self._clock.monotonic_ns())
            else:
                due_ns = self._arbiter.due_ns
                self._wait(until_ns if due_ns is None else min(until_ns, due_ns))

    def _answer(self) -> None:
        """Say what has come to its end, to who asked and in the log."""
        for ended in self._arbiter.ended():
            answer = Answer(number=ended.call.number, outcome=ended.outcome)
            self._channel.answer(ended.caller, answer)
            self._report.verb(ended.call, ended.outcome)
        self._report.at_work(self._arbiter.at_work)

    def _perform(self, errand: Errand) -> Heard:
        match errand.operation:
            case Read(function_code=code, address=address, count=count):
                block = Block(function_code=code, address=address, count=count)
                return self._bus.read(errand.unit_id, block)
            case Write(address=address, data=data):
                return self._bus.write(errand.unit_id, address, data) or b""
            case _:
                assert_never(errand.operation)

    def _wait(self, until_ns: int) -> None:
        """Wait for a command, for a stop, or until then."""
        left_ns = until_ns - self._clock.monotonic_ns()
        if left_ns <= EXACT_NS:
            self._clock.wait_until(until_ns)
            return
        # select may be late by a thousandth of the wait: it ends early, and again.
        timeout_s = (left_ns - EXACT_NS // 2 - left_ns // 500) / NS_PER_S
        watched = [self._channel.fileno(), self._stop.fileno()]
        select.select(watched, [], [], timeout_s)

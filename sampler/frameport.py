# SPDX-License-Identifier: Apache-2.0
"""A serial port that carries Modbus frames: one write, then one read.

It takes three things off minimalmodbus that cost time or correctness on a real wire: it
wakes once a frame and not once a byte, it ends a cut frame after a pause and not after
the whole timeout, and it lets the line fall quiet after a failure, so that a late
answer is never taken for the answer to the next request.
"""

import collections
import os
import select
from typing import TYPE_CHECKING

import minimalmodbus
import serial

from ipc.clock import Clock
from ipc.config import BusTable, Parity
from ipc.stop import Stop
from ipc.units import NS_PER_S
from sampler.answer import Found, Search
from sampler.timing import TIMING, Timing
from sampler.turnaround import Turnaround
from sampler.wire import Wire

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PARITIES = {
    Parity.NONE: serial.PARITY_NONE,
    Parity.EVEN: serial.PARITY_EVEN,
    Parity.ODD: serial.PARITY_ODD,
}

WAKE_UP_S = 0.0001
"""A sleep ends late by about as much: a shorter one is not worth it."""


class FramePort(serial.Serial):
    """A serial port that carries Modbus frames: one write, then one read."""

    def __init__(
        self,
        table: BusTable,
        wire: Wire,
        clock: Clock,
        stop: Stop,
        timing: Timing = TIMING,
    ) -> None:
        super().__init__(
            baudrate=table.baudrate,
            parity=_PARITIES[table.parity],
            stopbits=table.stopbits,
            exclusive=True,
        )
        self.port = table.port
        self.frame = b""
        self.suspect = True  # a meter may still be answering whoever asked before us
        self._character_s = wire.character_s
        self._minimalmodbus_rate = round(11 * wire.baudrate / wire.bits)
        self._clock = clock
        self._stop = stop
        self._timing = timing
        self._timeout_s = table.timeout_s
        self._sent_ns = 0
        self._heard_ns = 0
        self._silence_ns = round(wire.silence_s * NS_PER_S)
        self._request = b""
        # By unit, function and length: the lengths are those of a plan's few blocks.
        self._turnarounds: dict[tuple[bytes, int], Turnaround] = (
            collections.defaultdict(Turnaround)
        )

    # To mypy a property with a setter is an overload, which has no getter.
    @serial.Serial.baudrate.getter  # type: ignore[attr-defined,untyped-decorator]
    def baudrate(self) -> int:
        """Give the rate at which characters of 11 bits would take as long as ours.

        Of the rate minimalmodbus makes the silence before a request, and it takes
        every character for one of 11 bits: with 10, it would wait a tenth too long.
        write() sees to it that the silence is never less than the line's own.
        """
        return self._minimalmodbus_rate

    def write(self, request: "ReadableBuffer", /) -> int:
        """Send a request after throwing away what does not belong to it."""
        if self.suspect:
            self._wait_for_quiet()
        self._clock.wait_until(self._heard_ns + self._silence_ns)
        self.reset_input_buffer()
        self._request = bytes(request)
        sent = os.write(self.fileno(), self._request)
        if sent != len(self._request):
            raise serial.SerialException(f"{self.port} took {sent} bytes of a request")
        self._sent_ns = self._clock.monotonic_ns()
        return sent

    def read(self, size: int = 1, /) -> bytes:
        """Collect one answer of `size` characters, an exception, or what came."""
        turnaround = self._turnarounds[self._request[:2], size]
        wire_s = (len(self._request) + size) * self._character_s
        expected_s = wire_s + turnaround.expected_s
        if turnaround.is_probe:
            expected_s -= self._timing.guard_s
        self._sleep_until(min(expected_s, self._give_up_s()))
        # Empty: nothing came yet, or it hung up, as will be seen by waiting for more.
        waiting = os.read(self.fileno(), size)
        received, found = self._collect(waiting, size)
        self._heard_ns = self._clock.monotonic_ns()
        self.frame = received[found.start : found.end]
        self.suspect = not found.begun or found.missing > 0
        if len(self.frame) == size:
            was_awaited = len(received) > len(waiting)
            turnaround.answered(self._elapsed_s() - wire_s, was_awaited=was_awaited)
        return self.frame

    def _collect(self, received: bytes, size: int) -> tuple[bytes, Found]:
        """Take characters until the answer is complete, or ends, or is overdue."""
        search = Search(self._request, size)
        found = search.look(received)
        while found.missing:
            if found.begun:
                latest_s = self._give_up_s() + size * self._character_s
                pause_s = min(self._timing.pause_s, latest_s - self._elapsed_s())
            else:
                pause_s = self._give_up_s() - self._elapsed_s()
            if not self._readable(max(0.0, pause_s)):
                break
            received += self._receive(found.missing)
            found = search.look(received)
            # Of what is missing, only the last character needs to wake us.
            rest_s = (found.missing - 1) * self._character_s - WAKE_UP_S
            if rest_s > 0:
                self._sleep_until(self._elapsed_s() + rest_s)
        return received, found

    def _give_up_s(self) -> float:
        """Time since the request by which its answer must have begun."""
        return len(self._request) * self._character_s + self._timeout_s

    def _elapsed_s(self) -> float:
        """Time since the request was handed to the driver."""
        return (self._clock.monotonic_ns() - self._sent_ns) / NS_PER_S

    def _sleep_until(self, elapsed_s: float) -> None:
        """Sleep in one wait, unlike the clock's: the guard bears its lateness.

        That is a thousandth of the wait at most, and each wake-up costs CPU time.
        """
        if (wait_s := elapsed_s - self._elapsed_s()) > 0:
            select.select([self._stop], [], [], wait_s)

    def _readable(self, timeout_s: float) -> bool:
        """Wait for a character; false at the timeout, or when all is to end."""
        port = self.fileno()
        ready, _, _ = select.select([port, self._stop.fileno()], [], [], timeout_s)
        return port in ready and not self._stop.requested

    def _receive(self, size: int) -> bytes:
        """Take what is there; a line that is readable and empty has hung up."""
        received = os.read(self.fileno(), size)
        if not received:
            raise serial.SerialException(f"{self.port} hung up")
        return received

    def _wait_for_quiet(self) -> None:
        """Discard what still comes, until the line is quiet.

        One that is not within give_up_settling_s is not asked anything at all: no
        answer on it could be told from what else it brings.
        """
        self._sent_ns = self._clock.monotonic_ns()
        while self._readable(self._timing.settle_s):
            self._receive(4096)
            if self._elapsed_s() > self._timing.give_up_settling_s:
                raise minimalmodbus.InvalidResponseError("the line is never quiet")
        self.suspect = False

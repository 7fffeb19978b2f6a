# SPDX-License-Identifier: Apache-2.0
"""The Bus on a serial port: minimalmodbus over a port that knows frames.

minimalmodbus is the Modbus engine, through its public interface. FramePort takes
three things off it that cost time or correctness on a real wire: it wakes once a
frame and not once a byte, it ends a cut frame after a pause and not after the whole
timeout, and it lets the line fall quiet after a failure, so that a late answer is
never taken for the answer to the next request.
"""

import collections
import contextlib
import os
import select
import termios
from typing import TYPE_CHECKING

import minimalmodbus
import serial

from ipc.clock import Clock
from ipc.config import BusTable, Parity
from ipc.sample import Quality
from ipc.stop import Stop
from ipc.units import NS_PER_S
from sampler.absence import classify
from sampler.answer import Found, Search
from sampler.errors import PortError
from sampler.fault import Bus, Fault
from sampler.plan import Block
from sampler.timing import TIMING, Timing
from sampler.wire import Wire

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["Bus", "Fault", "FramePort", "SerialBus"]

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
        self._wire = wire
        self._clock = clock
        self._stop = stop
        self._timing = timing
        self._timeout_s = table.timeout_s
        self._sent_ns = 0
        self._heard_ns = 0
        self._silence_ns = round(wire.silence_s * NS_PER_S)
        self._request = b""
        # Windowed, because an average would feed on its own lateness.
        self._turnarounds: dict[int, collections.deque[float]] = (
            collections.defaultdict(lambda: collections.deque([0.0], maxlen=16))
        )

    # To mypy a property with a setter is an overload, which has no getter.
    @serial.Serial.baudrate.getter  # type: ignore[attr-defined,untyped-decorator]
    def baudrate(self) -> int:
        """Give the rate at which characters of 11 bits would take as long as ours.

        Of the rate minimalmodbus makes the silence before a request, and it takes
        every character for one of 11 bits: with 10, it would wait a tenth too long.
        write() sees to it that the silence is never less than the line's own.
        """
        return round(11 * self._wire.baudrate / self._wire.bits)

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
        turnarounds = self._turnarounds[self._request[0]]
        wire_s = (len(self._request) + size) * self._wire.character_s
        expected_s = wire_s + min(turnarounds) - self._timing.guard_s
        self._sleep_until(min(expected_s, self._give_up_s()))
        received, found = self._collect(size)
        self._heard_ns = self._clock.monotonic_ns()
        self.frame = received[found.start : found.end]
        self.suspect = not found.begun or found.missing > 0
        if len(self.frame) == size:
            turnarounds.append(max(0.0, self._elapsed_s() - wire_s))
        return self.frame

    def _collect(self, size: int) -> tuple[bytes, Found]:
        """Take characters until the answer is complete, or ends, or is overdue."""
        received = b""
        search = Search(self._request, size)
        found = search.look(received)
        latest_s = self._give_up_s() + size * self._wire.character_s
        while found.missing:
            if found.begun:
                pause_s = min(self._timing.pause_s, latest_s - self._elapsed_s())
            else:
                pause_s = self._give_up_s() - self._elapsed_s()
            if not self._readable(max(0.0, pause_s)):
                break
            received += self._receive(found.missing)
            found = search.look(received)
            # Of what is missing, only the last character needs to wake us.
            rest_s = (found.missing - 1) * self._wire.character_s - WAKE_UP_S
            if rest_s > 0:
                self._sleep_until(self._elapsed_s() + rest_s)
        return received, found

    def _give_up_s(self) -> float:
        """Time since the request by which its answer must have begun."""
        return len(self._request) * self._wire.character_s + self._timeout_s

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


class SerialBus:
    """A Bus on a serial port. The port may vanish and come back."""

    def __init__(
        self,
        table: BusTable,
        *,
        wire: Wire,
        clock: Clock,
        stop: Stop,
        timing: Timing = TIMING,
    ) -> None:
        self._port = FramePort(table, wire, clock, stop, timing)
        self._path = table.port
        self._clock = clock
        self._reopen_ns = int(timing.reopen_s * NS_PER_S)
        self._instruments: dict[int, minimalmodbus.Instrument] = {}
        self._next_try_ns = 0
        self._absence = Fault(kind=Quality.NO_PORT, detail="never opened")

    def open(self) -> Fault | None:
        """Open the port; a Fault if it is not there (yet).

        Raises PortError where waiting cannot help: another process holds the
        port, permission is missing, or it is no serial port.
        """
        self._next_try_ns = self._clock.monotonic_ns() + self._reopen_ns
        try:
            self._port.open()
        except (OSError, ValueError, termios.error) as error:
            self._absence = classify(self._path, error)
            return self._absence
        self._port.suspect = True
        with contextlib.suppress(ValueError, OSError, NotImplementedError):
            self._port.set_low_latency_mode(True)  # advice: not every driver can
        return None

    def close(self) -> None:
        """Give the port back; more than once does no harm.

        What was not sent yet is thrown away: closing would wait for it.
        """
        if self._port.is_open:
            with contextlib.suppress(OSError, termios.error):
                self._port.reset_output_buffer()
        self._port.close()

    def read(self, unit_id: int, block: Block) -> bytes | Fault:
        """Read a block; the port is opened anew when it had gone."""
        if not self._port.is_open and (fault := self._reopen()):
            return fault
        try:
            # The bytes are taken from the frame, as they came. Of what minimalmodbus
            # makes of them, a text costs least: its checks of the frame are the same,
            # but the bytes are decoded at once and not register by register.
            with contextlib.suppress(UnicodeDecodeError):
                self._instrument(unit_id).read_string(
                    block.address, block.count, block.function_code
                )
        except minimalmodbus.NoResponseError:
            return Fault(kind=Quality.TIMEOUT, detail="no answer")
        except minimalmodbus.SlaveReportedException as error:
            code = self._port.frame[2]
            return Fault(kind=Quality.REFUSED, detail=str(error), code=code)
        except (minimalmodbus.ModbusException, ValueError, TypeError) as error:
            self._port.suspect = True
            return Fault(kind=Quality.GARBLED, detail=str(error)[:200])
        except (OSError, termios.error) as error:
            self.close()
            detail = f"{self._path} failed: {error}"
            self._absence = Fault(kind=Quality.NO_PORT, detail=detail)
            return self._absence
        return self._port.frame[3:-2]

    def _reopen(self) -> Fault | None:
        """Try to open the port, once per reopen_s; in between nothing has changed."""
        if self._clock.monotonic_ns() < self._next_try_ns:
            return self._absence
        try:
            return self.open()
        except PortError as error:  # it was ours once: whoever has it may let go
            self._absence = Fault(kind=Quality.NO_PORT, detail=str(error.strerror))
            return self._absence

    def _instrument(self, unit_id: int) -> minimalmodbus.Instrument:
        if unit_id not in self._instruments:
            instrument = minimalmodbus.Instrument(self._port, unit_id)
            instrument.clear_buffers_before_each_transaction = False  # write() does
            self._instruments[unit_id] = instrument
        return self._instruments[unit_id]

# SPDX-License-Identifier: Apache-2.0
"""The Bus protocol, and its shell: minimalmodbus over a port that knows frames.

minimalmodbus is the Modbus engine, through its public interface. FramePort takes
three things off it that cost time or correctness on a real wire: it wakes once a
frame and not once a byte, it ends a cut frame after a pause and not after the whole
timeout, and it lets the line fall quiet after a failure, so that a late answer is
never taken for the answer to the next request.
"""

import collections
import contextlib
import errno
import os
import select
import termios
from typing import TYPE_CHECKING, Protocol

import minimalmodbus
import msgspec
import serial

from ipc.clock import Clock
from ipc.config import BusTable, Parity
from ipc.sample import Quality
from ipc.stop import Stop
from ipc.units import NS_PER_S
from sampler.errors import PortBusyError, PortError
from sampler.plan import Block
from sampler.wire import Wire

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

GUARD_S = 0.0006
"""Woken this much before a frame can be complete: late wake-ups cost cycle time."""

PAUSE_S = 0.03
"""A frame has ended after this long a pause: USB adapters hold bytes for 16 ms."""

SETTLE_S = 0.1
"""After a failure the line must be quiet for this long before the next request."""

REOPEN_S = 1.0
"""Least time between two attempts to open a port that is gone."""

EXCEPTION_REPLY = 5
"""Characters of an exception: unit, function | 0x80, code, CRC (2)."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer: expected weather, so a value and no exception."""

    kind: Quality
    detail: str


class Bus(Protocol):
    """One serial line with meters on it."""

    def read(self, unit_id: int, block: Block) -> bytes | Fault:
        """Read a block: its 2 x count bytes as they came, or why there are none."""
        ...


class FramePort(serial.Serial):
    """A serial port that carries Modbus frames: one write, then one read."""

    def __init__(self, table: BusTable, wire: Wire, clock: Clock, stop: Stop) -> None:
        super().__init__(
            baudrate=table.baudrate,
            parity=_PARITIES[table.parity],
            stopbits=table.stopbits,
            exclusive=True,
        )
        self.port = table.port
        self.frame = b""
        self.suspect = False
        self._wire = wire
        self._clock = clock
        self._stop = stop
        self._timeout_s = table.timeout_s
        self._sent_ns = 0
        self._request = b""
        # Windowed, because an average would feed on its own lateness.
        self._turnarounds: dict[int, collections.deque[float]] = (
            collections.defaultdict(lambda: collections.deque([0.0], maxlen=16))
        )

    def write(self, request: "ReadableBuffer", /) -> int:
        """Send a request after throwing away what does not belong to it."""
        if self.suspect:
            self._wait_for_quiet()
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
        give_up_s = len(self._request) * self._wire.character_s + self._timeout_s
        expected_s = wire_s + min(turnarounds) - GUARD_S
        self._sleep_until(min(expected_s, give_up_s))
        frame = b""
        while (missing := _missing(frame, size)) > 0:
            pause_s = PAUSE_S if frame else max(0.0, give_up_s - self._elapsed_s())
            if not self._readable(pause_s):
                break
            frame += self._receive(missing)
            rest_s = _missing(frame, size) * self._wire.character_s - GUARD_S
            self._sleep_until(self._elapsed_s() + rest_s)
        self.frame = frame
        self.suspect = len(frame) not in (size, EXCEPTION_REPLY)
        if len(frame) == size:
            turnarounds.append(max(0.0, self._elapsed_s() - wire_s))
        return frame

    def _elapsed_s(self) -> float:
        """Time since the request was handed to the driver."""
        return (self._clock.monotonic_ns() - self._sent_ns) / NS_PER_S

    def _sleep_until(self, elapsed_s: float) -> None:
        self._clock.wait_until(self._sent_ns + int(elapsed_s * NS_PER_S))

    def _readable(self, timeout_s: float) -> bool:
        """Wait for a character; false at the timeout, or when all is to end."""
        port = self.fileno()
        ready, _, _ = select.select([port, self._stop.fileno()], [], [], timeout_s)
        return port in ready

    def _receive(self, size: int) -> bytes:
        """Take what is there; a line that is readable and empty has hung up."""
        received = os.read(self.fileno(), size)
        if not received:
            raise serial.SerialException(f"{self.port} hung up")
        return received

    def _wait_for_quiet(self) -> None:
        """Discard what still comes, until the line is quiet (or will never be)."""
        self._sent_ns = self._clock.monotonic_ns()
        while self._elapsed_s() < 5 * SETTLE_S and self._readable(SETTLE_S):
            self._receive(4096)
        self.suspect = False


class SerialBus:
    """A Bus on a serial port. The port may vanish and come back."""

    def __init__(
        self, table: BusTable, *, wire: Wire, clock: Clock, stop: Stop
    ) -> None:
        self._port = FramePort(table, wire, clock, stop)
        self._path = table.port
        self._clock = clock
        self._instruments: dict[int, minimalmodbus.Instrument] = {}
        self._next_try_ns = 0
        self._absence = Fault(kind=Quality.NO_PORT, detail="never opened")

    def open(self) -> Fault | None:
        """Open the port; a Fault if it is not there (yet).

        Raises PortError where waiting cannot help: another process holds the
        port, permission is missing, or it is no serial port.
        """
        self._next_try_ns = self._clock.monotonic_ns() + int(REOPEN_S * NS_PER_S)
        try:
            self._port.open()
        except (OSError, termios.error) as error:
            self._absence = _classify(self._path, error)
            return self._absence
        with contextlib.suppress(ValueError, OSError, NotImplementedError):
            self._port.set_low_latency_mode(True)  # advice: not every driver can
        return None

    def close(self) -> None:
        """Give the port back; more than once does no harm."""
        self._port.close()

    def read(self, unit_id: int, block: Block) -> bytes | Fault:
        """Read a block; the port is opened anew when it had gone."""
        if not self._port.is_open and (fault := self._reopen()):
            return fault
        try:
            self._instrument(unit_id).read_registers(
                block.address, block.count, block.function_code
            )
        except minimalmodbus.NoResponseError:
            return Fault(kind=Quality.TIMEOUT, detail="no answer")
        except minimalmodbus.SlaveReportedException as error:
            return Fault(kind=Quality.REFUSED, detail=str(error))
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
        """Try to open the port, once per REOPEN_S; in between nothing has changed."""
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


_PARITIES = {
    Parity.NONE: serial.PARITY_NONE,
    Parity.EVEN: serial.PARITY_EVEN,
    Parity.ODD: serial.PARITY_ODD,
}

_ABSENT = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO)


def _missing(frame: bytes, size: int) -> int:
    """Count the characters still to come; an exception is shorter than data."""
    is_exception = len(frame) > 1 and frame[1] & 0x80
    return (EXCEPTION_REPLY if is_exception else size) - len(frame)


def _classify(path: str, error: Exception) -> Fault:
    """Tell an absent port, which may come, from one that never will be ours."""
    code = getattr(error, "errno", None)
    match code:
        case errno.EWOULDBLOCK | errno.EBUSY:
            raise PortBusyError(
                code,
                f"{path} is in use by another process: end it, or correct bus.port",
            ) from error
        case errno.EACCES | errno.EPERM:
            raise PortError(
                code,
                f"{path}: permission denied: add this user to the port's group"
                " (often dialout)",
            ) from error
        case _ if code in _ABSENT:
            return Fault(kind=Quality.NO_PORT, detail=f"{path} is not there")
        case _:
            raise PortError(
                code or errno.ENOTTY,
                f"{path} cannot be used as a serial port ({error}): correct bus.port",
            ) from error

# SPDX-License-Identifier: Apache-2.0
"""The Bus on a serial port: minimalmodbus over a port that knows frames.

minimalmodbus is the Modbus engine, through its public interface; what is better done
otherwise on a real wire is in frameport.py.
"""

import contextlib
import struct
import termios

import minimalmodbus

from ipc.clock import Clock
from ipc.config import BusTable
from ipc.sample import Quality
from ipc.stop import Stop
from ipc.units import NS_PER_S
from sampler.absence import classify
from sampler.errors import PortError
from sampler.fault import Bus, Fault
from sampler.frameport import FramePort
from sampler.plan import Block
from sampler.timing import TIMING, Timing
from sampler.wire import Wire

__all__ = ["Bus", "Fault", "FramePort", "SerialBus"]

_FAILURES = (
    minimalmodbus.ModbusException,
    ValueError,
    TypeError,
    OSError,
    termios.error,
)
"""What can come out of an exchange: each is weather, and becomes a Fault."""


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
        with contextlib.suppress(ValueError):  # advice: not every driver can
            self._port.set_low_latency_mode(True)
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
            self._instrument(unit_id).read_string(
                block.address, block.count, block.function_code
            )
        except UnicodeDecodeError:
            pass  # a frame that is right, and no text
        except _FAILURES as error:
            return self._fault(error)
        return self._port.frame[3:-2]

    def write(self, unit_id: int, address: int, data: bytes) -> Fault | None:
        """Write registers with function code 16, which every meter that signs knows.

        Not with 6: its answer could not be told from the echo of its request.
        """
        if not self._port.is_open and (fault := self._reopen()):
            return fault
        words = list(struct.unpack(f">{len(data) // 2}H", data))
        try:
            self._instrument(unit_id).write_registers(address, words)
        except _FAILURES as error:
            return self._fault(error)
        return None

    def _fault(self, error: Exception) -> Fault:
        """Say why there is no answer; one that cannot be trusted makes us suspicious."""
        match error:
            case minimalmodbus.NoResponseError():
                return Fault(kind=Quality.TIMEOUT, detail="no answer")
            case minimalmodbus.SlaveReportedException():
                code = self._port.frame[2]
                return Fault(kind=Quality.REFUSED, detail=str(error), code=code)
            case minimalmodbus.ModbusException() | ValueError() | TypeError():
                self._port.suspect = True
                return Fault(kind=Quality.GARBLED, detail=str(error)[:200])
            case _:
                self.close()
                detail = f"{self._path} failed: {error}"
                self._absence = Fault(kind=Quality.NO_PORT, detail=detail)
                return self._absence

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

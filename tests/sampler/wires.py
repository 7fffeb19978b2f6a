# SPDX-License-Identifier: Apache-2.0
"""A line on a pseudo-terminal whose far end does what a test says.

The far end runs in a thread of its own, as a meter does: it hears requests and says
whatever bytes the script has for them, when the script says so.
"""

import contextlib
import os
import select
import struct
import threading
import tty
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from ipc.clock import SystemClock
from ipc.config import BusTable, MeterTable
from ipc.stop import Stop
from ipc.units import NS_PER_S
from sampler.bus import SerialBus
from sampler.check import wire_of
from sampler.simulator.frame import ReadRequest, parse, read_answer, seal
from sampler.timing import Timing

REQUEST = 8
"""Characters of a read request."""

QUICK = Timing(pause_s=0.01, settle_s=0.01, reopen_s=0.0)
"""Waits for a line that has no USB adapter in it: a test must not take minutes."""

Say = tuple[float, bytes]
"""Wait so many seconds, then say this."""

Script = Callable[[ReadRequest], Iterable[Say]]
"""From a request to what is said: it may be nothing."""


class HangUpError(Exception):
    """Raised by a script: the adapter is pulled out."""


def data_of(request: ReadRequest) -> bytes:
    """Give registers that tell where they stand: each holds its own address."""
    addresses = range(request.address, request.address + request.count)
    return struct.pack(f">{request.count}H", *(a & 0xFFFF for a in addresses))


def right(request: ReadRequest, data: bytes | None = None) -> bytes:
    """Give the answer of a meter that works."""
    return read_answer(request, data_of(request) if data is None else data)


def refusal(request: ReadRequest, code: int) -> bytes:
    return seal(bytes((request.unit_id, request.function_code | 0x80, code)))


def echo_of(request: ReadRequest) -> bytes:
    """Give the request's own bytes, as an adapter that hears itself brings them."""
    head = (request.unit_id, request.function_code)
    return seal(struct.pack(">BBHH", *head, request.address, request.count))


def good(request: ReadRequest) -> Iterable[Say]:
    yield 0, right(request)


class Slave:
    """The far end of one line; `script` may be replaced at any time."""

    def __init__(self, script: Script, *, link: Path | None = None) -> None:
        self.script = script
        self.requests: list[ReadRequest] = []
        self._link = link
        self._stop = Stop()
        self._clock = SystemClock(self._stop)
        self._thread = threading.Thread(target=self._serve)
        self._master, self._far = -1, -1
        self.path = ""

    def plug(self) -> None:
        """Make the terminal and answer on it; the link, if any, leads to it."""
        if self._thread.is_alive():  # it hangs up, and has not yet ended
            self._thread.join()
        self._master, self._far = os.openpty()
        tty.setraw(self._far)
        terminal = os.ttyname(self._far)
        if self._link:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(terminal)
        self.path = str(self._link or terminal)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def unplug(self) -> None:
        """Take the terminal away: who has it open sees a hang-up."""
        self._stop.request()
        self._thread.join()
        self._hang_up()
        self._stop.close()
        self._stop = Stop()
        self._clock = SystemClock(self._stop)

    def close(self) -> None:
        self.unplug()
        self._stop.close()

    def _hang_up(self) -> None:
        if self._master >= 0:
            os.close(self._far)
            os.close(self._master)
            self._master = -1
            if self._link:
                self._link.unlink(missing_ok=True)

    def _serve(self) -> None:
        heard = b""
        while not self._stop.requested:
            ready, _, _ = select.select([self._master, self._stop], [], [])
            if self._master not in ready:
                return
            heard += os.read(self._master, REQUEST - len(heard))
            if len(heard) < REQUEST:
                continue
            request, heard = parse(heard), b""
            assert isinstance(request, ReadRequest)
            self.requests.append(request)
            try:
                self._say(self.script(request))
            except HangUpError:
                self._hang_up()
                return

    def _say(self, said: Iterable[Say]) -> None:
        for delay_s, characters in said:
            if delay_s:
                now_ns = self._clock.monotonic_ns()
                self._clock.wait_until(now_ns + int(delay_s * NS_PER_S))
            os.write(self._master, characters)


@contextlib.contextmanager
def slave(script: Script = good, *, link: Path | None = None) -> Iterator[Slave]:
    """Give a far end that is plugged in and ends with the test."""
    far = Slave(script, link=link)
    far.plug()
    try:
        yield far
    finally:
        far.close()


def table_of(path: str, **changes: object) -> BusTable:
    """Give the table of a fast line, with one meter that nobody looks at."""
    meter = MeterTable(name="m", model="x", unit_id=1, module_id="pm")
    table = BusTable(
        name="b", port=path, meter=[meter], baudrate=1_000_000, timeout_s=0.05
    )
    return msgspec.structs.replace(table, **changes)


@contextlib.contextmanager
def bus_on(
    path: str, *, timing: Timing = QUICK, stop: Stop | None = None, **changes: object
) -> Iterator[SerialBus]:
    """Give a bus on the line; nothing has been opened yet."""
    table = table_of(path, **changes)
    own = stop or Stop()
    clock = SystemClock(own)
    bus = SerialBus(table, wire=wire_of(table), clock=clock, stop=own, timing=timing)
    try:
        yield bus
    finally:
        bus.close()
        if stop is None:
            own.close()

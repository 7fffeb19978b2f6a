# SPDX-License-Identifier: Apache-2.0
"""A bus that keeps the frames that passed, for a person who looks at the wire."""

from typing import TYPE_CHECKING

import msgspec

from ipc.clock import Clock
from ipc.config import BusTable
from ipc.stop import Stop
from sampler.bus import FramePort, SerialBus
from sampler.wire import Wire

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request and the characters that came for it, if any did.

    sent_ns   when the request was handed to the driver (monotonic)
    ended_ns  when its answer was complete, or was given up
    """

    request: bytes
    answer: bytes
    sent_ns: int
    ended_ns: int


class TracedBus(SerialBus):
    """Reads as every bus does, and keeps each exchange in `exchanges`."""

    def __init__(
        self, table: BusTable, *, wire: Wire, clock: Clock, stop: Stop
    ) -> None:
        super().__init__(table, wire=wire, clock=clock, stop=stop)
        self.exchanges: list[Exchange] = []
        self._port = _TracedPort(table, wire, clock, stop, self.exchanges)


class _TracedPort(FramePort):
    def __init__(
        self,
        table: BusTable,
        wire: Wire,
        clock: Clock,
        stop: Stop,
        exchanges: list[Exchange],
    ) -> None:
        super().__init__(table, wire, clock, stop)
        self._exchanges = exchanges
        self._traced_clock = clock
        self._traced_request = b""
        self._traced_from_ns = 0

    def write(self, request: "ReadableBuffer", /) -> int:
        sent = super().write(request)
        self._traced_request = bytes(request)
        self._traced_from_ns = self._traced_clock.monotonic_ns()
        return sent

    def read(self, size: int = 1, /) -> bytes:
        answer = super().read(size)
        exchange = Exchange(
            request=self._traced_request,
            answer=answer,
            sent_ns=self._traced_from_ns,
            ended_ns=self._traced_clock.monotonic_ns(),
        )
        self._exchanges.append(exchange)
        return answer

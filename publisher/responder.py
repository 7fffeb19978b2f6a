# SPDX-License-Identifier: Apache-2.0
"""Takes EVerest's requests off their topics: answers them, or hands them on."""

from collections.abc import Callable, Sequence
from typing import Protocol

from ipc.clock import Clock
from ipc.config import Signing
from publisher import messages
from publisher.meter import Meter
from publisher.report import Report
from publisher.requests import (
    Request,
    Unreadable,
    answer,
    is_start,
    read_start,
    read_stop,
    too_late,
)


class Broker(Protocol):
    """The way to EVerest."""

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us."""
        ...

    @property
    def connections(self) -> int:
        """How often it has accepted us."""
        ...

    @property
    def sessions(self) -> int:
        """How often it did so knowing nothing of us: it may have been restarted."""
        ...

    @property
    def deaf(self) -> str:
        """Say why requests do not reach us though we are connected; empty if they do."""
        ...

    @property
    def due_ns(self) -> int:
        """When service() wants to be called even if nothing happens."""
        ...

    def service(self, events: int) -> None:
        """Do what its socket is ready for, and what is due."""
        ...

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        on_taken: Callable[[], None] | None = None,
    ) -> bool:
        """Hand a message over; false if it could only be dropped.

        on_taken  is called when the broker has it, and has somebody to give it to;
                  needs QoS 1
        """
        ...


class Transactions(Protocol):
    """Who sees to the requests of meters whose transactions are signed."""

    def ask(self, meter: str, request: Request, now_ns: int, broker: Broker) -> None:
        """Take a request; it is answered once, now or later."""
        ...


class Responder:
    """Answers what EVerest asks of each meter; what is signed is seen to elsewhere."""

    def __init__(
        self,
        meters: Sequence[Meter],
        *,
        transactions: Transactions,
        report: Report,
        clock: Clock,
    ) -> None:
        self._starts = {meter.topics.start_transaction: meter for meter in meters}
        self._stops = {meter.topics.stop_transaction: meter for meter in meters}
        self._transactions = transactions
        self._report = report
        self._clock = clock

    @property
    def topics(self) -> list[str]:
        """What to subscribe to."""
        return [*self._starts, *self._stops]

    def take(
        self, topic: str, message: bytes, broker: Broker, *, waited: bool = False
    ) -> None:
        """See to one message; an answer goes only to a topic that may be answered on.

        waited  in the broker's session, while we were away
        """
        if meter := self._starts.get(topic):
            request = read_start(message, meter.topics)
        elif meter := self._stops.get(topic):
            request = read_stop(message, meter.topics)
        else:
            return
        signs = meter.table.signing is not Signing.NONE
        if isinstance(request.content, Unreadable) or not signs:
            reply = answer(request.content, meter=meter.table.name)
        elif waited and is_start(request.content):
            reply = too_late()
        else:
            self._report.asked(meter, request, waited=waited)
            now_ns = self._clock.monotonic_ns()
            self._transactions.ask(meter.table.name, request, now_ns, broker)
            return
        answered = request.reply_to is not None and broker.publish(
            request.reply_to, messages.encode(reply), qos=1
        )
        self._report.answered(meter, request, reply, answered=answered, waited=waited)

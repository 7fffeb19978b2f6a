# SPDX-License-Identifier: Apache-2.0
"""Takes EVerest's requests off their topics and answers each of them once."""

from collections.abc import Sequence
from typing import Protocol

from publisher import messages
from publisher.meter import Meter
from publisher.report import Report
from publisher.requests import answer, read_start, read_stop


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
    def due_ns(self) -> int:
        """When service() wants to be called even if nothing happens."""
        ...

    def service(self, events: int) -> None:
        """Do what its socket is ready for, and what is due."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        """Hand a message over; false if it could only be dropped."""
        ...


class Responder:
    """Answers what EVerest asks of each meter."""

    def __init__(self, meters: Sequence[Meter], *, report: Report) -> None:
        self._starts = {meter.topics.start_transaction: meter for meter in meters}
        self._stops = {meter.topics.stop_transaction: meter for meter in meters}
        self._report = report

    @property
    def topics(self) -> list[str]:
        """What to subscribe to."""
        return [*self._starts, *self._stops]

    def take(
        self, topic: str, message: bytes, broker: Broker, *, waited: bool = False
    ) -> None:
        """Answer one message, if it names a topic that may be answered on.

        waited  in the broker's session, while we were away
        """
        if meter := self._starts.get(topic):
            request = read_start(message, meter.topics)
        elif meter := self._stops.get(topic):
            request = read_stop(message, meter.topics)
        else:
            return
        reply = answer(request.content, meter=meter.table.name)
        answered = request.reply_to is not None and broker.publish(
            request.reply_to, messages.encode(reply), qos=1
        )
        self._report.answered(meter, request, reply, answered=answered, waited=waited)

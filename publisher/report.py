# SPDX-License-Identifier: Apache-2.0
"""What the publisher says in its log: changes of state, and one line a minute."""

from collections import Counter
from collections.abc import Sequence

from ipc.clock import Clock
from ipc.log import Logger, RateLimit
from ipc.units import NS_PER_S
from publisher.feed import Feed
from publisher.health import Health
from publisher.messages import Reply
from publisher.meter import Meter
from publisher.outbox import Note
from publisher.requests import Request, Unreadable
from publisher.tally import Tally

PERIOD_NS = 60 * NS_PER_S

ALWAYS_TOLD = frozenset(
    {"transaction_begun", "transaction_ended", "transaction_abandoned"}
)
"""Notes that no limit holds back: they are what an operator is asked about later."""


class Report:
    """Counts what happens; logs what changes, rate-limited.

    tally  the same since the start, for powermeter-watch
    """

    def __init__(self, *, log: Logger, clock: Clock, limit: RateLimit) -> None:
        self.tally = Tally(clock)
        self._log = log
        self._clock = clock
        self._limit = limit
        self._health: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._samples = 0
        self._next_ns = clock.monotonic_ns() + PERIOD_NS

    def published(self, meter: Meter) -> None:
        """Take note of one powermeter_values."""
        self._counts[f"values_{meter.table.name}"] += 1
        self.tally.meters[meter.table.name].published += 1

    def dropped(self, meter: Meter) -> None:
        """Take note of a powermeter_values that was lost: the broker is away."""
        self.tally.meters[meter.table.name].dropped += 1

    def incomplete(self, meter: Meter) -> None:
        """Take note of a window that lacks what EVerest requires."""
        name, event = meter.table.name, "values_incomplete"
        self.tally.meters[name].incomplete += 1
        remedy = "EVerest requires the energy imported: the model's profile lacks it"
        key = f"{name} {event}"
        self._limit(key, self._log.error, event, meter=name, remedy=remedy)

    def health(self, meter: Meter, health: Health) -> None:
        """Take note of a meter's health; a change is logged."""
        name = meter.table.name
        before = self._health.get(name)
        self._health[name] = health.reason
        self.tally.health(name, health)
        if health.reason == before:
            return
        if health.is_good:
            self._log.info("health_good", meter=name)
        elif before is None:
            self._log.info("health_awaited", meter=name, reason=health.reason)
        else:
            self._log.warning("health_lost", meter=name, reason=health.reason)

    def answered(
        self,
        meter: Meter,
        request: Request,
        reply: Reply,
        *,
        answered: bool,
        waited: bool = False,
    ) -> None:
        """Take note of a request; its content is EVerest's and stays out of the log.

        answered   whether the reply was handed over: it may have no address, and the
                   queue may be full
        waited     whether the request waited while we were away
        """
        name, event = meter.table.name, "request_answered"
        self._counts["requests"] += 1
        self.tally.asked(name, request.kind, request.reply_to)
        if answered and request.reply_to is not None:
            self.tally.replied(request.reply_to, reply.status)
        if isinstance(request.content, Unreadable):
            event = "request_refused"
        self._limit(
            f"{name} {event}",
            self._log.info,
            event,
            meter=name,
            request=type(request.content).__name__,
            status=reply.status.value,
            detail=reply.error,
            answered=answered,
            waited=waited,
        )

    def asked(self, meter: Meter, request: Request, *, waited: bool) -> None:
        """Take note of a request that is handed on, and answered later."""
        name, event = meter.table.name, "request_taken"
        self._counts["requests"] += 1
        self.tally.asked(name, request.kind, request.reply_to)
        self._limit(
            f"{name} {event}",
            self._log.info,
            event,
            meter=name,
            request=type(request.content).__name__,
            waited=waited,
        )

    def replied(self, topic: str, reply: Reply, *, answered: bool) -> None:
        """Take note of a later answer; answered: whether it was handed over."""
        event, status = "reply_sent", reply.status.value
        if answered:
            self.tally.replied(topic, reply.status)
        key = f"{event} {status} {answered}"
        write = self._log.info if answered else self._log.error
        self._limit(
            key, write, event, status=status, detail=reply.error, answered=answered
        )

    def noted(self, note: Note) -> None:
        """Take note of what the clerk says of a transaction or of the journal."""
        self.tally.noted(note)
        write = self._log.warning if note.is_warning else self._log.info
        fields = {"meter": note.meter} if note.meter else {}
        if note.detail:
            fields["detail"] = note.detail
        if note.event in ALWAYS_TOLD:
            write(note.event, **fields)
        else:
            self._limit(f"{note.meter} {note.event}", write, note.event, **fields)

    def tick(self, feeds: Sequence[Feed]) -> None:
        """Write the canonical line when its minute is over."""
        if self._clock.monotonic_ns() >= self._next_ns:
            self.summary(feeds)

    def summary(self, feeds: Sequence[Feed]) -> None:
        """Write the canonical line and begin a new minute."""
        samples = sum(feed.samples for feed in feeds)
        lapped = sum(feed.ring.lapped for feed in feeds)
        self._log.info(
            "values_published",
            samples=samples - self._samples,
            lapped_total=lapped,
            **self._counts,
        )
        self._samples = samples
        self._counts.clear()
        self._next_ns = self._clock.monotonic_ns() + PERIOD_NS

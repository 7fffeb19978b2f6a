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
from publisher.requests import Request, Unreadable

PERIOD_NS = 60 * NS_PER_S


class Report:
    """Counts what happens; logs what changes, rate-limited."""

    def __init__(self, *, log: Logger, clock: Clock, limit: RateLimit) -> None:
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

    def incomplete(self, meter: Meter) -> None:
        """Take note of a window that lacks what EVerest requires."""
        name, event = meter.table.name, "values_incomplete"
        remedy = "EVerest requires the energy imported: the model's profile lacks it"
        key = f"{name} {event}"
        self._limit(key, self._log.error, event, meter=name, remedy=remedy)

    def health(self, meter: Meter, health: Health) -> None:
        """Take note of a meter's health; a change is logged."""
        name = meter.table.name
        before = self._health.get(name)
        self._health[name] = health.reason
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

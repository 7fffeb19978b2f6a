# SPDX-License-Identifier: Apache-2.0
"""What has happened since the publisher started, counted: the log's events as numbers.

Everything in it is named by the configuration or by closed lists, so it stays small.
"""

from collections import Counter, defaultdict

from ipc.clock import Clock
from ipc.histogram import Histogram
from ipc.status import Troubles
from ipc.units import NS_PER_S
from publisher import messages
from publisher.health import Health
from publisher.outbox import Note

LATENCY_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Bounds of the classes: from a meter that cannot sign to EVerest's own patience."""

MOST_PENDING = 64
"""Requests whose reply is awaited; of more, the oldest is not timed."""


class MeterTally:
    """What happened to one meter.

    reason        of its health: empty if it is good, None if it was not judged yet
    since_ns      wall time since when that is so; 0: not judged yet
    transactions  by the outcome in the clerk's notes; requests by kind, replies by
                  status
    """

    def __init__(self) -> None:
        self.published = self.incomplete = self.dropped = 0
        self.reason: str | None = None
        self.since_ns = 0
        self.transactions: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        # From the start: of a count that begins at 1, a rate would miss the first.
        self.replies = Counter(dict.fromkeys(map(_name, messages.Status), 0))


class Tally:
    """Counts by meter; times replies; remembers troubles.

    moves  how often a transaction or the journal has changed its state
    """

    def __init__(self, clock: Clock) -> None:
        self.meters: defaultdict[str, MeterTally] = defaultdict(MeterTally)
        self.latency = Histogram.of(*LATENCY_S)
        self.troubles = Troubles()
        self.moves = 0
        self._clock = clock
        self._pending: dict[str, tuple[str, int]] = {}

    def health(self, meter: str, health: Health) -> None:
        """Take note of a meter's health; a change of it has its time."""
        tally, wall_ns = self.meters[meter], self._clock.wall_ns()
        if health.reason == tally.reason:
            return
        if tally.reason == "":
            self.troubles.add(meter, "health_lost", health.reason, wall_ns=wall_ns)
        tally.reason, tally.since_ns = health.reason, wall_ns

    def asked(self, meter: str, kind: str, reply_to: str | None) -> None:
        """Count a request, and begin to time its reply."""
        self.meters[meter].requests[kind] += 1
        if reply_to is not None:
            # The topic may be one that was named before: it is a new request now.
            self._pending.pop(reply_to, None)
            self._pending[reply_to] = meter, self._clock.monotonic_ns()
        if len(self._pending) > MOST_PENDING:
            del self._pending[next(iter(self._pending))]

    def replied(self, topic: str, status: messages.Status) -> None:
        """Count a reply that was handed to the broker, and how long it took."""
        if (pending := self._pending.pop(topic, None)) is None:
            return
        meter, asked_ns = pending
        self.meters[meter].replies[_name(status)] += 1
        self.latency.observe((self._clock.monotonic_ns() - asked_ns) / NS_PER_S)

    def noted(self, note: Note) -> None:
        """Take what the transactions' clerk says: outcomes, and warnings."""
        kind, _, outcome = note.event.partition("_")
        self.moves += kind in {"transaction", "journal", "key"}
        if kind == "transaction" and note.meter is not None:
            self.meters[note.meter].transactions[outcome] += 1
        if note.is_warning:
            wall_ns = self._clock.wall_ns()
            self.troubles.add(note.meter, note.event, note.detail, wall_ns=wall_ns)


def _name(status: messages.Status) -> str:
    """Give the name that a status bears in the counts."""
    return status.value.lower()

# SPDX-License-Identifier: Apache-2.0
"""The publisher's loop: one thread, one selector.

It is woken by the broker, by a sampler that has written, or by time.
"""

import selectors
from collections.abc import Sequence
from typing import Protocol

from ipc.clock import Clock
from ipc.config import PublishTable
from ipc.liveness import WriterState
from ipc.notify import Notify
from ipc.stop import Stop
from ipc.units import NS_PER_S
from publisher import messages
from publisher.announcer import KeyAnnouncer
from publisher.compose import powermeter
from publisher.everest import Everest
from publisher.feed import Feed
from publisher.handover import Handover
from publisher.meter import Meter
from publisher.report import Report
from publisher.responder import Broker
from publisher.schedule import Periodic, window_due_ns
from publisher.status import Status
from publisher.window import Aggregate

NO_BROKER = "waiting for the broker"


class Wake(Protocol):
    """A descriptor that becomes readable when a sampler has written."""

    def fileno(self) -> int:
        """Give the descriptor for the selector."""
        ...

    def clear(self) -> None:
        """Forget what made it readable; before the rings are read."""
        ...


class Loop:
    """Everything it needs arrives by constructor."""

    def __init__(
        self,
        table: PublishTable,
        *,
        feeds: Sequence[Feed],
        broker: Broker,
        everest: Everest,
        transactions: Handover,
        announcer: KeyAnnouncer,
        selector: selectors.BaseSelector,
        wake: Wake,
        report: Report,
        status: Status,
        notify: Notify,
        clock: Clock,
        stop: Stop,
    ) -> None:
        self._feeds = feeds
        self._broker = broker
        self._everest = everest
        self._transactions = transactions
        self._announcer = announcer
        self._check_period_s = table.check_period_s
        self._selector = selector
        self._wake = wake
        self._report = report
        self._status = status
        self._notify = notify
        self._clock = clock
        self._stop = stop
        self._window_s = table.window_s
        self._checked_on: dict[str, int] = {}
        now_ns = clock.monotonic_ns()
        self._check = Periodic(first_ns=now_ns, period_s=table.check_period_s)
        # Often enough that no sample grows old in the ring, however long a window is.
        self._look = Periodic(first_ns=now_ns, period_s=table.fresh_s / 2)
        self._window_due_ns = now_ns
        selector.register(stop, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)

    def run(self) -> None:
        """Step until a stop is requested."""
        while not self._stop.requested:
            self.step()
        self._notify.stopping()
        self._report.summary(self._feeds)

    def step(self) -> None:
        """Wait for the broker, a sample or the next thing due, and do it."""
        ready = self._wait()
        if self._stop.requested:
            return
        is_written = ready.pop(self._wake, 0)
        self._broker.service(sum(ready.values()))
        self._everest.step(self._broker)
        self._announcer.step(self._broker, starts=self._everest.starts)
        now_ns = self._clock.monotonic_ns()
        self._follow_check_period(now_ns)
        window_is_over = now_ns >= self._window_due_ns
        check_is_due = self._check.take(now_ns)
        if self._look.take(now_ns) or is_written or window_is_over or check_is_due:
            self._wake.clear()
            self._drain(now_ns)
        if window_is_over:
            self._close_windows(now_ns)
        self._transactions.tick(now_ns, self._broker)
        if check_is_due:
            self._state_health(now_ns)
        self._report.tick(self._feeds)
        self._status.tick()
        self._notify.alive()
        self._notify.ready("connected" if self._broker.connected else NO_BROKER)

    def _wait(self) -> dict[object, int]:
        """Sleep until something is due; give what is ready, and for what."""
        due = [
            self._window_due_ns,
            self._check.due_ns,
            self._look.due_ns,
            self._broker.due_ns,
            self._everest.due_ns,
            self._notify.due_ns,
        ]
        if (transactions_ns := self._transactions.due_ns) is not None:
            due.append(transactions_ns)
        self._transactions.watch()
        wait_ns = max(0, min(due) - self._clock.monotonic_ns())
        ready = self._selector.select(wait_ns / NS_PER_S)
        # A channel (its data says so) is looked at in any case, by tick().
        return {key.fileobj: mask for key, mask in ready if key.data is None}

    def _follow_check_period(self, now_ns: int) -> None:
        if self._everest.check_period_s != self._check_period_s:
            self._check_period_s = self._everest.check_period_s
            self._check.set_period(self._check_period_s, now_ns)

    def _drain(self, now_ns: int) -> None:
        for feed in self._feeds:
            for meter, sample, complete in feed.drain(now_ns):
                for aggregate in complete:
                    self._publish(meter, aggregate)
                self._transactions.sample(meter.table.name, sample, self._broker)

    def _close_windows(self, now_ns: int) -> None:
        wall_ns = self._clock.wall_ns()
        for feed in self._feeds:
            for meter in feed.meters:
                for closed in meter.close_by(wall_ns):
                    self._publish(meter, closed)
        self._window_due_ns = window_due_ns(
            mono_ns=now_ns, wall_ns=wall_ns, window_s=self._window_s
        )

    def _publish(self, meter: Meter, aggregate: Aggregate) -> None:
        message = powermeter(aggregate, meter_id=meter.table.name)
        if message is None:
            self._report.incomplete(meter)
        elif self._broker.connected:  # a late value is worth nothing
            payload = messages.encode(message)
            self._broker.publish(meter.topics.powermeter_values, payload)
            self._report.published(meter)
        else:
            self._report.dropped(meter)

    def _state_health(self, now_ns: int) -> None:
        for feed in self._feeds:
            runs = feed.ring.writer() is WriterState.RUNNING
            for meter in feed.meters:
                trouble = self._broker.deaf or self._unsigned(meter)
                health = meter.health(writer_runs=runs, now_ns=now_ns, trouble=trouble)
                self._report.health(meter, health)
                if health.is_good and self._broker.connected:
                    self._publish_check(meter)

    def _unsigned(self, meter: Meter) -> str:
        """Say why the meter's transactions cannot be signed; empty if they can."""
        reason = self._transactions.is_ready(meter.table.name)
        return reason and f"transactions cannot be signed: {reason}"

    def _publish_check(self, meter: Meter) -> None:
        """State that all is well; the first time on a connection with QoS 1.

        Its acknowledgement tells whether the broker lets us publish. The others must
        not wait for one: what is not acknowledged is sent again after an outage, when
        it may no longer be true.
        """
        topic, connection = meter.topics.communication_check, self._broker.connections
        is_first = self._checked_on.get(topic) != connection
        self._checked_on[topic] = connection
        self._broker.publish(topic, b"true", qos=int(is_first))

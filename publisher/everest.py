# SPDX-License-Identifier: Apache-2.0
"""EVerest's comings and goings: its heartbeats, its ready beacon, its modules."""

from collections import Counter
from collections.abc import Sequence

from ipc.clock import Clock
from ipc.log import Logger, RateLimit
from ipc.status import ModuleStatus
from ipc.units import NS_PER_MS, NS_PER_S
from publisher import heartbeat, messages
from publisher.discovery import Discovery, Finding
from publisher.heartbeat import Change, Heartbeat
from publisher.messages import DiscoverRequest, Headers
from publisher.meter import Meter
from publisher.responder import Broker
from publisher.topics import Api

SHORTEST_CHECK_S = 0.2
"""However short a period EVerest names."""

BEATS_MISSED = 5
"""Heartbeats in a row that may be missing before their module counts as lost."""

LEAST_PATIENCE_NS = 5 * NS_PER_S


class Everest:
    """Follows the modules of our meters; asks for them when EVerest has (re)started.

    check_period_s  between two communication_checks: the configured one, or half of
                    the shortest that a module of ours allows, if that is less
    starts          how often a sign of EVerest's start was seen; one start has several
    """

    def __init__(
        self,
        meters: Sequence[Meter],
        *,
        api: Api,
        check_period_s: float,
        clock: Clock,
        log: Logger,
    ) -> None:
        self.check_period_s = check_period_s
        self.starts = 0
        self._configured_s = check_period_s
        self._patience_ns = LEAST_PATIENCE_NS
        self._api = api
        self._answers = meters[0].topics.discovered if meters else ""
        self._beats = {meter.topics.heartbeat: Heartbeat() for meter in meters}
        self._module_ids = {
            meter.topics.heartbeat: meter.topics.module_id for meter in meters
        }
        self._discovery = Discovery(frozenset(self._module_ids.values()))
        self._finding: Finding | None = None
        self._restarts: Counter[str] = Counter()
        self._connection = 0
        self._clock = clock
        self._log = log
        self._limit = RateLimit(clock)

    @property
    def topics(self) -> list[str]:
        """What to subscribe to, with QoS 0: what was sent while we were away is old."""
        return [*self._beats, self._api.ready_beacon, self._answers]

    @property
    def due_ns(self) -> int:
        """When step() wants to be called even if nothing comes."""
        times = [beat.lost_at_ns(self._patience_ns) for beat in self._beats.values()]
        times.append(self._discovery.due_ns)
        never_ns = self._clock.monotonic_ns() + 60 * NS_PER_S
        return min((time for time in times if time is not None), default=never_ns)

    def take(self, topic: str, message: bytes) -> None:
        """Take a message, if it is one of EVerest's state."""
        now_ns = self._clock.monotonic_ns()
        if beat := self._beats.get(topic):
            if (count := heartbeat.read(message)) is None:
                self._unreadable(topic)
            else:
                self._tell(topic, beat.heard(count, now_ns))
        elif topic == self._api.ready_beacon:
            self.starts += 1
            self._discovery.want(now_ns)
        elif topic == self._answers and not self._discovery.take(message):
            self._unreadable(topic)

    def step(self, broker: Broker) -> None:
        """Do what is due: notice silence, ask, and judge the answers."""
        now_ns = self._clock.monotonic_ns()
        if broker.connected and broker.connections != self._connection:
            self._connection = broker.connections
            self._discovery.want(now_ns)
            for beat in self._beats.values():
                beat.excuse(now_ns)
        for topic, beat in self._beats.items():
            if change := beat.missed(now_ns, self._patience_ns):
                self._tell(topic, change)
        if self._discovery.ask(now_ns):
            question = DiscoverRequest(
                headers=Headers(reply_to=self._answers), payload={}
            )
            broker.publish(self._api.discover, messages.encode(question))
        if finding := self._discovery.end(now_ns):
            self._judge(finding)

    def modules(self) -> dict[str, ModuleStatus]:
        """Say what is known of the modules of our meters, by their id."""
        known = None if self._finding is None else self._finding.known
        return {
            name: ModuleStatus(
                module_id=name,
                is_found=None if known is None else name in known,
                heard_ns=self._beats[topic].heard_ns,
                restarts=self._restarts[topic],
            )
            for topic, name in self._module_ids.items()
        }

    def _tell(self, topic: str, change: Change | None) -> None:
        if change is None:
            return
        if change is Change.LOST:
            log = self._log.warning
        else:
            log = self._log.info
            self.starts += change is not Change.BACK
            self._restarts[topic] += change is Change.RESTARTED
            self._discovery.want(self._clock.monotonic_ns())
        log(f"everest_{change.value}", module_id=self._module_ids[topic])

    def _judge(self, finding: Finding) -> None:
        self._use_monitoring()
        if not finding.known:
            event = "discovery_unanswered"
            self._limit(event, self._log.info, event)
            return
        if finding == self._finding:
            return
        self._finding = finding
        self._log.info("everest_discovered", powermeters=finding.known)
        if finding.missing:
            self._log.error(
                "module_unknown",
                module_id=finding.missing,
                known=finding.known,
                remedy="correct module_id, or add the module to EVerest's configuration",
            )

    def _use_monitoring(self) -> None:
        found = self._discovery.monitoring()
        beats_ms = [each.heartbeat_period_ms or 0 for each in found]
        patience_ns = BEATS_MISSED * max(beats_ms, default=0) * NS_PER_MS
        self._patience_ns = max(LEAST_PATIENCE_NS, patience_ns)
        periods_s = [each.communication_check_period_s for each in found]
        halves_s = [period_s / 2 for period_s in periods_s if period_s]
        period_s = max(SHORTEST_CHECK_S, min([self._configured_s, *halves_s]))
        if period_s != self.check_period_s:
            self.check_period_s = period_s
            self._log.info("check_period_adapted", check_period_s=period_s)

    def _unreadable(self, topic: str) -> None:
        event = "message_ignored"
        key = f"{event} {topic}"
        reason = "it is not what EVerest sends there"
        self._limit(key, self._log.warning, event, topic=topic, reason=reason)

# SPDX-License-Identifier: Apache-2.0
"""A conversation with broker and EVerest, held by the very parts the service uses.

It says nothing that is not so: it asks which modules there are, and publishes an
empty object to a reply topic that nobody waits for, to see whether it may. Under a
client id of its own, so that a publisher that runs meanwhile is not thrown out.
"""

import contextlib
import os
import selectors
import uuid
from collections import Counter
from collections.abc import Sequence

import msgspec

from ipc import log
from ipc.clock import Clock
from ipc.config import Config, MqttTable
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from publisher import secret, tls
from publisher.connection import make_client
from publisher.everest import Everest
from publisher.live.heard import Heard
from publisher.meter import Meter
from publisher.mqtt import Mqtt
from publisher.topics import Api

LOOK_NS = 100 * NS_PER_MS
"""How often it is looked whether everything has been heard."""


class Dialogue:
    """Connects, asks, and listens until it has heard enough or time is up."""

    def __init__(
        self, config: Config, meters: Sequence[Meter], *, clock: Clock, stop: Stop
    ) -> None:
        self._table = _of_its_own(config.mqtt)
        self._meters = meters
        self._clock = clock
        self._stop = stop
        self._log, self._events = log.capture()
        self._beats: Counter[str] = Counter()
        self._owners = {each.topics.heartbeat: each.topics.module_id for each in meters}
        self._everest = Everest(
            meters,
            api=Api(base=config.mqtt.base_topic),
            check_period_s=config.publish.check_period_s,
            clock=clock,
            log=self._log,
        )

    def hold(self, patience_s: float) -> Heard:
        """Talk for at most that long."""
        deadline_ns = self._clock.monotonic_ns() + round(patience_s * NS_PER_S)
        was_connected = False
        with contextlib.ExitStack() as closing:
            selector = closing.enter_context(selectors.DefaultSelector())
            selector.register(self._stop, selectors.EVENT_READ)
            broker = self._connect(selector)
            closing.callback(broker.close)
            while self._clock.monotonic_ns() < deadline_ns and not self._is_over():
                wait_ns = min(broker.due_ns - self._clock.monotonic_ns(), LOOK_NS)
                ready = selector.select(max(0, wait_ns) / NS_PER_S)
                if self._stop.requested:
                    break
                events = {key.fileobj: mask for key, mask in ready}
                broker.service(sum(events.values()))
                self._everest.step(broker)
                if broker.connected and not was_connected:
                    was_connected = True
                    self._try_to_publish(broker)
        return Heard(
            connected=was_connected,
            events=tuple(self._events),
            beats=dict(self._beats),
            check_period_s=self._everest.check_period_s,
        )

    def _connect(self, selector: selectors.BaseSelector) -> Mqtt:
        table = self._table
        requests = [
            topic
            for meter in self._meters
            for topic in (
                meter.topics.start_transaction,
                meter.topics.stop_transaction,
            )
        ]
        return Mqtt(
            table,
            client=make_client(
                table,
                password=secret.password(table, os.environ),
                tls=tls.context(table),
            ),
            subscriptions=dict.fromkeys(requests, 2)
            | dict.fromkeys(self._everest.topics, 0),
            on_message=self._take,
            selector=selector,
            clock=self._clock,
            stop=self._stop,
            log=self._log,
        )

    def _take(self, topic: str, message: bytes, _waited: bool) -> None:
        if topic in self._owners:
            self._beats[self._owners[topic]] += 1
        self._everest.take(topic, message)

    def _try_to_publish(self, broker: Mqtt) -> None:
        for meter in self._meters:
            name = f"{meter.topics.replies}{uuid.uuid4()}"
            broker.publish(name, b"{}", qos=1)

    def _is_over(self) -> bool:
        """Whether every module has beaten and EVerest's modules are known."""
        seen = {each["event"] for each in self._events}
        is_answered = "everest_discovered" in seen
        return is_answered and len(self._beats) == len(self._meters)


def _of_its_own(table: MqttTable) -> MqttTable:
    """Give the same way to the broker, under another name and without a session."""
    name = f"{table.client_id[:57]}-check"
    return msgspec.structs.replace(table, client_id=name, session_expiry_s=0)

# SPDX-License-Identifier: Apache-2.0
"""The paho shell: driven from the loop's selector, no thread of its own.

It outlives the broker: it reconnects with back-off, and subscribes again. Values
are only published while connected, because a late value is worth nothing; replies
wait in paho's queue, which is bounded.
"""

import random
import selectors
from collections.abc import Callable, Mapping

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ipc.clock import Clock
from ipc.config import MqttTable
from ipc.log import Logger, RateLimit
from ipc.status import BrokerStatus
from ipc.stop import Stop, StopRequested
from ipc.units import NS_PER_S
from publisher import connection, sockets
from publisher.backoff import LONGEST_S, Backoff
from publisher.receipts import Receipts

LONGEST_QUEUE = 100
"""Replies kept while the broker is away; EVerest has long given up on older ones."""

Handler = Callable[[str, bytes, bool], None]
"""Takes topic, payload, and whether it waited in the session while we were away."""


class Mqtt:
    """One connection to the broker, kept up as long as the process lives.

    client         from connection.make_client(), ours alone from now on
    subscriptions  each topic and its QoS
    """

    def __init__(
        self,
        table: MqttTable,
        *,
        client: paho.Client,
        subscriptions: Mapping[str, int],
        on_message: Handler,
        selector: selectors.BaseSelector,
        clock: Clock,
        stop: Stop,
        log: Logger,
    ) -> None:
        self.connected = False
        self.connections = 0
        self.sessions = 0
        self.deaf = ""
        self._table = table
        self._subscriptions = subscriptions
        self._on_request = on_message
        self._clock = clock
        self._stop = stop
        self._log = log.bind(broker=connection.address(table))
        self._limit = RateLimit(clock)
        self._chance = random.Random()  # noqa: S311 - jitter, no secret
        self._backoff = Backoff(self._chance)
        self._mark: int | None = None
        self._next_try_ns = 0
        self._connected_ns = 0
        self._inbox: list[tuple[str, bytes, bool]] = []
        self._receipts = Receipts()
        self._client = self._hear(client)
        sockets.watch(client, selector)

    @property
    def due_ns(self) -> int:
        """When service() wants to be called even if nothing happens."""
        if self._client.socket() is None:
            return self._next_try_ns
        if connection.has_more(self._client.socket()):
            return self._clock.monotonic_ns()
        quarter_ns = self._table.keepalive_s * NS_PER_S // 4
        return self._clock.monotonic_ns() + quarter_ns

    def service(self, events: int) -> None:
        """Do what the socket is ready for (selectors' EVENT bits), and what is due."""
        if events & selectors.EVENT_READ or connection.has_more(self._client.socket()):
            self._read()
        if events & selectors.EVENT_WRITE:
            self._client.loop_write()
        self._client.loop_misc()
        # Seen to here, so that an error of ours is not taken for paho's.
        while self._inbox:
            self._on_request(*self._inbox.pop(0))
        self._receipts.tell()
        out_of_reach = self._client.socket() is None
        if out_of_reach and self._clock.monotonic_ns() >= self._next_try_ns:
            self._connect()

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        on_taken: Callable[[], None] | None = None,
    ) -> bool:
        """Hand a message to the broker; false if it could only be dropped.

        With QoS 1 it is queued while the broker is away, up to LONGEST_QUEUE.

        on_taken  is called when the broker has it, and has somebody to give it to as
                  far as it says (MQTT 5.0, section 3.4.2.1); never if it has not
        """
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        if self._client.want_write():  # now, not after another look at everything
            self._client.loop_write()
        is_kept = info.rc is MQTTErrorCode.MQTT_ERR_SUCCESS or (
            qos > 0 and info.rc is MQTTErrorCode.MQTT_ERR_NO_CONN
        )
        if is_kept and qos > 0:
            self._receipts.expect(info.mid, on_taken)
        return is_kept

    def status(self) -> BrokerStatus:
        """Say how the connection is, for powermeter-watch."""
        return BrokerStatus(
            address=connection.address(self._table),
            connected=self.connected,
            connections=self.connections,
            refused=self._receipts.refused,
            waiting=self._receipts.waiting,
        )

    def close(self) -> None:
        """Send what is queued and say good-bye, as far as the broker takes it now."""
        sockets.unwatch(self._client)
        self._client.disconnect()
        if (left := self._client.socket()) is not None:  # it takes nothing now
            left.close()

    def _read(self) -> None:
        """Take in what came. Who listens at that address may be no broker at all.

        Bytes that are no MQTT make paho 2.0 raise half a dozen kinds of errors, three
        of them its own; a later one closes the connection.
        """
        try:
            self._client.loop_read()
        except Exception as error:  # noqa: BLE001 - see above
            self._unreachable(f"does not speak MQTT: {error!r}")
            self._client.disconnect()
            self._client.loop_write()

    def _hear(self, client: paho.Client) -> paho.Client:
        client.max_queued_messages_set(LONGEST_QUEUE)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        return client

    def _connect(self) -> None:
        """Try once; what becomes of it is told by the callbacks, or is weather."""
        wait_s = self._backoff.next_s()
        try:
            with self._stop.interrupting():  # look-up, connect and handshake block
                connection.connect(self._client, self._table)
        except StopRequested:
            return  # the loop is about to see it too
        except (OSError, ValueError) as error:
            self._unreachable(f"cannot be reached: {error}")
        self._next_try_ns = self._clock.monotonic_ns() + int(wait_s * NS_PER_S)

    def _unreachable(self, detail: str, remedy: str | None = None) -> None:
        event, remedy = "broker_unreachable", remedy or connection.remedies(self._table)
        self._limit(event, self._log.warning, event, detail=detail, remedy=remedy)

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            remedy = "check mqtt.username, mqtt.password_file and mqtt.protocol"
            self._unreachable(f"refuses us: {reason}", remedy)
            return
        self.connected = True
        self.connections += 1
        self.sessions += not flags.session_present
        self.deaf = ""
        self._connected_ns = self._clock.monotonic_ns()
        self._limit.forget("broker_unreachable")
        self._log.info("broker_connected", protocol=self._table.protocol.value)
        told, topics = properties, self._subscriptions
        self._mark = connection.subscribe(
            client, self._table, topics, told=told, chance=self._chance
        )

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self.connected:
            lasted_ns = self._clock.monotonic_ns() - self._connected_ns
            if lasted_ns >= LONGEST_S * NS_PER_S:
                self._backoff.reset()  # else two of one client_id evict each other fast
            if not self._stop.requested:
                self._log.warning("broker_lost", detail=str(reason))
        elif not self._stop.requested:
            self._unreachable(f"closed the connection: {reason}")
        self.connected = False

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        if message.retain:
            # A request is live or it is none; EVerest never retains one.
            event = "request_ignored"
            self._limit(event, self._log.warning, event, reason="it was retained")
            return
        waited = connection.has_other_mark(message, self._mark)
        self._inbox.append((message.topic, bytes(message.payload), waited))

    def _on_publish(
        self,
        _client: paho.Client,
        _userdata: object,
        message_id: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not self._receipts.take(message_id, reason.value):
            event, remedy = "publish_refused", "check the broker's access rules"
            self._limit(
                event, self._log.error, event, detail=str(reason), remedy=remedy
            )

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: object,
        _id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        wanted = zip(self._subscriptions.items(), reasons, strict=False)
        for (topic, qos), reason in wanted:
            if reason.is_failure:
                self._log.error("subscribe_refused", topic=topic, detail=str(reason))
                if qos > 0:
                    self.deaf = f"the broker keeps {topic} from us"

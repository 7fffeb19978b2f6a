# SPDX-License-Identifier: Apache-2.0
"""The paho shell: driven from the loop's selector, no thread of its own.

It outlives the broker: it reconnects with back-off, and subscribes again. Values
are only published while connected, because a late value is worth nothing; replies
wait in paho's queue, which is bounded.
"""

import random
import selectors
import socket
from collections.abc import Callable, Sequence

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ipc.clock import Clock
from ipc.config import MqttProtocol, MqttTable
from ipc.log import Logger, RateLimit
from ipc.stop import Stop, StopRequested
from ipc.units import NS_PER_S
from publisher.backoff import LONGEST_S, Backoff

CONNECT_TIMEOUT_S = 5.0
"""For the TCP connection to a broker that does not even refuse."""

LONGEST_QUEUE = 100
"""Replies kept while the broker is away; EVerest has long given up on older ones."""

Handler = Callable[[str, bytes], None]


class Mqtt:
    """One connection to the broker, kept up as long as the process lives."""

    def __init__(
        self,
        table: MqttTable,
        *,
        password: str | None,
        subscriptions: Sequence[str],
        on_message: Handler,
        selector: selectors.BaseSelector,
        clock: Clock,
        stop: Stop,
        log: Logger,
    ) -> None:
        self.connected = False
        self.connections = 0
        self._table = table
        self._subscriptions = subscriptions
        self._on_request = on_message
        self._selector = selector
        self._clock = clock
        self._stop = stop
        self._log = log.bind(broker=f"{table.host}:{table.port}")
        self._limit = RateLimit(clock)
        self._backoff = Backoff(random.Random())  # noqa: S311 - jitter, no secret
        self._next_try_ns = 0
        self._connected_ns = 0
        self._inbox: list[tuple[str, bytes]] = []
        self._client = self._make_client(password)

    @property
    def due_ns(self) -> int:
        """When service() wants to be called even if nothing happens."""
        if self._client.socket() is None:
            return self._next_try_ns
        quarter_ns = self._table.keepalive_s * NS_PER_S // 4
        return self._clock.monotonic_ns() + quarter_ns

    def service(self, events: int) -> None:
        """Do what the socket is ready for (selectors' EVENT bits), and what is due."""
        if events & selectors.EVENT_READ:
            self._read()
        if events & selectors.EVENT_WRITE:
            self._client.loop_write()
        self._client.loop_misc()
        while self._inbox:
            self._on_request(*self._inbox.pop(0))
        out_of_reach = self._client.socket() is None
        if out_of_reach and self._clock.monotonic_ns() >= self._next_try_ns:
            self._connect()

    def publish(self, topic: str, payload: bytes, *, qos: int = 0) -> bool:
        """Hand a message to the broker; false if it could only be dropped.

        With QoS 1 it is queued while the broker is away, up to LONGEST_QUEUE.
        """
        info = self._client.publish(topic, payload, qos=qos)
        return info.rc in (
            (MQTTErrorCode.MQTT_ERR_SUCCESS,)
            if qos == 0
            else (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)
        )

    def close(self) -> None:
        """Send what is queued and say good-bye, as far as the broker takes it now."""
        client = self._client
        # Without a watcher paho writes at once; the selector is the loop's and ends now.
        client.on_socket_register_write = None
        client.on_socket_unregister_write = None
        client.on_socket_close = None
        client.disconnect()
        if (connection := client.socket()) is not None:  # it takes nothing now
            connection.close()

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

    def _make_client(self, password: str | None) -> paho.Client:
        v5 = self._table.protocol is MqttProtocol.V5
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._table.client_id,
            protocol=paho.MQTTv5 if v5 else paho.MQTTv311,
            clean_session=None if v5 else True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_queued_messages_set(LONGEST_QUEUE)
        if self._table.username is not None:
            client.username_pw_set(self._table.username, password)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_want_write
        client.on_socket_unregister_write = self._on_want_no_write
        return client

    def _connect(self) -> None:
        """Try once; what becomes of it is told by the callbacks, or is weather.

        With MQTT 5 the session outlives a restart of ours by a little: a request
        sent meanwhile is then delivered and answered instead of timing out.
        """
        table = self._table
        wait_s = self._backoff.next_s()
        try:
            with self._stop.interrupting():  # name look-up and TCP connect block
                if table.protocol is MqttProtocol.V5:
                    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                    properties.SessionExpiryInterval = table.session_expiry_s
                    self._client.connect(
                        table.host,
                        table.port,
                        keepalive=table.keepalive_s,
                        clean_start=table.session_expiry_s == 0,
                        properties=properties,
                    )
                else:
                    self._client.connect(
                        table.host, table.port, keepalive=table.keepalive_s
                    )
        except StopRequested:
            return  # the loop is about to see it too
        except (OSError, ValueError) as error:
            self._unreachable(f"cannot be reached: {error}")
        self._next_try_ns = self._clock.monotonic_ns() + int(wait_s * NS_PER_S)

    def _unreachable(
        self,
        detail: str,
        remedy: str = "is it running? check mqtt.host, mqtt.port, mqtt.protocol",
    ) -> None:
        event = "broker_unreachable"
        self._limit(event, self._log.warning, event, detail=detail, remedy=remedy)

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            remedy = "check mqtt.username, mqtt.password_file and mqtt.protocol"
            self._unreachable(f"refuses us: {reason}", remedy)
            return
        self.connected = True
        self.connections += 1
        self._connected_ns = self._clock.monotonic_ns()
        self._limit.forget("broker_unreachable")
        self._log.info("broker_connected", protocol=self._table.protocol.value)
        client.subscribe([(topic, 2) for topic in self._subscriptions])

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
        # Taken up after loop_read, so that an error of ours is not taken for paho's.
        self._inbox.append((message.topic, bytes(message.payload)))

    def _on_publish(
        self,
        _client: paho.Client,
        _userdata: object,
        _id: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
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
        for topic, reason in zip(self._subscriptions, reasons, strict=False):
            if reason.is_failure:
                self._log.error("subscribe_refused", topic=topic, detail=str(reason))

    def _on_socket_open(
        self, _client: paho.Client, _userdata: object, connection: "paho.SocketLike"
    ) -> None:
        if isinstance(connection, socket.socket):
            # Else some exchanges wait 40 ms for a delayed acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ)

    def _on_socket_close(
        self, _client: paho.Client, _userdata: object, connection: "paho.SocketLike"
    ) -> None:
        self._selector.unregister(connection)

    def _on_want_write(
        self, _client: paho.Client, _userdata: object, connection: "paho.SocketLike"
    ) -> None:
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        self._selector.modify(connection, both)

    def _on_want_no_write(
        self, _client: paho.Client, _userdata: object, connection: "paho.SocketLike"
    ) -> None:
        self._selector.modify(connection, selectors.EVENT_READ)

# SPDX-License-Identifier: Apache-2.0
"""The stand-in for EVerest's module on a broker: paho, driven by step().

Like EVerest: MQTT 5 with a clean start (3.1.1 for a broker that has no other), QoS 2
out, QoS 0 in, and it does not survive the loss of its broker.
"""

import select
import socket
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Self, assert_never

from paho.mqtt.client import Client, MQTTMessage  # noqa: TID251 - the other end of it
from paho.mqtt.enums import (  # noqa: TID251 - the other end of it
    CallbackAPIVersion,
    MQTTErrorCode,
    MQTTProtocolVersion,
)

from deploy.demo.everest import Everest, Settings
from deploy.demo.exchange import Call, Publish, Received, Subscribe, Unsubscribe
from ipc.clock import NS_PER_S, Clock
from ipc.config import MqttProtocol
from ipc.stop import Stop

KEEPALIVE_S = 60
CONNECT_TIMEOUT_S = 5.0
LONGEST_WAIT_S = 0.05
"""A step never waits longer, so that heartbeats and timeouts are not late."""


class BrokerLostError(ConnectionError):
    """The broker refused us or went away; EVerest would have ended too."""


class StandIn:
    """One connection and the module behind it. Close it, or use it in a `with`."""

    def __init__(self, settings: Settings, *, clock: Clock, stop: Stop) -> None:
        self.everest = Everest(settings, clock.monotonic_ns())
        self._clock = clock
        self._stop = stop
        self._client: Client | None = None

    def connect(self, host: str, port: int, protocol: MqttProtocol) -> Self:
        """Connect and subscribe. Raises BrokerLostError when the broker does not let us."""
        client = self._client = _client(protocol)
        client.on_message = self._on_message
        try:
            client.connect(host, port, KEEPALIVE_S, **_clean_start(protocol))
        except OSError as error:
            raise BrokerLostError(f"{host}:{port}: {error}") from None
        if not self._pump_until(client.is_connected, CONNECT_TIMEOUT_S):
            raise BrokerLostError(f"{host}:{port}: no answer, or refused")
        self.step(0)
        return self

    def step(self, timeout_s: float = LONGEST_WAIT_S) -> None:
        """Wait up to timeout_s for messages, then do what is due.

        Ends early when a stop is requested. Raises BrokerLostError.
        """
        self.everest.tick(self._clock.monotonic_ns())
        self._perform()
        self._pump(min(timeout_s, LONGEST_WAIT_S))
        self.everest.tick(self._clock.monotonic_ns())
        self._perform()

    def run_until(self, condition: Callable[[], bool], *, timeout_s: float) -> bool:
        """Step until the condition holds; give whether it did within timeout_s."""
        deadline_ns = self._clock.monotonic_ns() + int(timeout_s * NS_PER_S)
        while not condition():
            if self._stop.requested or self._clock.monotonic_ns() >= deadline_ns:
                return False
            self.step()
        return True

    def run_for(self, seconds: float) -> None:
        """Step for so long, or until a stop is requested."""
        self.run_until(lambda: False, timeout_s=seconds)

    def start_transaction(self, request: Mapping[str, Any]) -> Call:
        """Ask for a start, at the next step."""
        return self.everest.start_transaction(request)

    def stop_transaction(self, transaction_id: str) -> Call:
        """Ask for a stop, at the next step; "" cancels everything that is open."""
        return self.everest.stop_transaction(transaction_id)

    def close(self) -> None:
        """Leave the broker."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pump_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        deadline_ns = self._clock.monotonic_ns() + int(timeout_s * NS_PER_S)
        while not condition() and self._clock.monotonic_ns() < deadline_ns:
            if self._stop.requested:
                break
            self._pump(LONGEST_WAIT_S)
        return condition()

    def _pump(self, timeout_s: float) -> None:
        """Let paho read and write what is ready."""
        client = self._client
        connection = client.socket() if client is not None else None
        if client is None or connection is None:
            raise BrokerLostError("the broker closed the connection")
        number = connection.fileno()
        writers = [number] if client.want_write() else []
        readable, writable, _ = select.select(
            [number, self._stop.fileno()], writers, [], timeout_s
        )
        codes = [client.loop_misc()]
        if number in readable:
            codes.append(client.loop_read())
        if writable:
            codes.append(client.loop_write())
        for code in codes:
            if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise BrokerLostError(f"the broker is gone: {code.name}")

    def _perform(self) -> None:
        if (client := self._client) is None:
            raise BrokerLostError("not connected")
        for effect in self.everest.drain():
            match effect:
                case Publish(topic, payload):
                    client.publish(topic, payload, qos=2, retain=False)
                case Subscribe(topic):
                    client.subscribe(topic, qos=0)
                case Unsubscribe(topic):
                    client.unsubscribe(topic)
                case _:
                    assert_never(effect)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        received = Received(
            topic=message.topic,
            payload=bytes(message.payload),
            retained=message.retain,
        )
        self.everest.receive(received, self._clock.monotonic_ns())


def _client(protocol: MqttProtocol) -> Client:
    modern = protocol is MqttProtocol.V5
    version = MQTTProtocolVersion.MQTTv5 if modern else MQTTProtocolVersion.MQTTv311
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"everest-{uuid.uuid4()}",
        clean_session=None if modern else True,
        protocol=version,
        reconnect_on_failure=False,
    )
    client.on_socket_open = _send_at_once
    return client


def _send_at_once(_client: Client, _data: object, connection: Any) -> None:  # noqa: ANN401 - paho's contract
    """Without this, Nagle and delayed ACK make 40 ms of some exchanges."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _clean_start(protocol: MqttProtocol) -> dict[str, Any]:
    return {"clean_start": True} if protocol is MqttProtocol.V5 else {}

# SPDX-License-Identifier: Apache-2.0
"""Both ends of a line to a real broker, driven by the test: no thread anywhere."""

import base64
import contextlib
import hashlib
import os
import selectors
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from deploy.demo.broker import HOST, Broker, Kind, _mosquitto, found
from deploy.demo.parts import Part
from ipc.clock import SystemClock
from ipc.config import MqttProtocol, MqttTable
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from publisher import tls
from publisher.connection import make_client
from publisher.mqtt import Mqtt
from tests.fakes import FakeLog

needs_mosquitto = pytest.mark.skipif(
    found() is not Kind.MOSQUITTO, reason="needs mosquitto: sessions, ACL, MQTT 5"
)


def newest(broker: Broker | int) -> MqttProtocol:
    return MqttProtocol.V5 if isinstance(broker, int) else broker.protocol


class Line:
    """Our end: Mqtt on a selector of its own. `came` is what it was asked.

    It speaks the broker's newest MQTT, and 5 to a mere port.
    """

    def __init__(
        self,
        broker: Broker | int,
        *,
        subscriptions: tuple[str, ...] = ("a/e2m/stop",),
        password: str | None = None,
        protocol: MqttProtocol | None = None,
        clock=None,
        host: str = HOST,
        **settings,
    ) -> None:
        self.stop = Stop()
        self.clock = clock or SystemClock(self.stop)
        self.log = FakeLog()
        self.came: list[tuple[str, bytes]] = []
        self.waited: list[bool] = []
        self.selector = selectors.DefaultSelector()
        self.steps = 0
        self.answer_to: str | None = None
        table = MqttTable(
            host=host,
            port=broker if isinstance(broker, int) else broker.port,
            protocol=protocol or newest(broker),
            **settings,
        )
        self.mqtt = Mqtt(
            table,
            client=make_client(table, password=password, tls=tls.context(table)),
            subscriptions=dict.fromkeys(subscriptions, 2),
            on_message=self._on_message,
            selector=self.selector,
            clock=self.clock,
            stop=self.stop,
            log=self.log,
        )
        self._granted = 0
        self._told_of_grant = self.mqtt._client.on_subscribe
        self.mqtt._client.on_subscribe = self._on_subscribe

    def _on_subscribe(self, *arguments):
        self._granted += 1
        self._told_of_grant(*arguments)

    def _on_message(self, topic: str, message: bytes, waited: bool) -> None:
        self.came.append((topic, message))
        self.waited.append(waited)
        if self.answer_to:
            self.mqtt.publish(self.answer_to, b"answer to " + message, qos=1)

    def step(self, longest_s: float = 0.01) -> None:
        wait_ns = max(0, self.mqtt.due_ns - self.clock.monotonic_ns())
        ready = self.selector.select(min(wait_ns / NS_PER_S, longest_s))
        self.mqtt.service(sum(mask for _, mask in ready))
        self.steps += 1

    def connect(self) -> None:
        """Wait until the broker will hand us requests."""
        mqtt = self.mqtt
        until(lambda: mqtt.connected and self._granted == mqtt.connections, self)

    @property
    def acknowledged(self) -> bool:
        """Whether the broker has everything that was published with QoS 1."""
        return not self.mqtt._client._out_messages

    @property
    def open(self) -> bool:
        return self.mqtt._client.socket() is not None

    def close(self) -> None:
        self.mqtt.close()
        self.selector.close()
        self.stop.close()

    def told(self, event: str) -> list[dict]:
        return [fields for _, name, fields in self.log.lines if name == event]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Peer:
    """EVerest's end. `came` is what it received."""

    def __init__(self, broker: Broker, *topics: str) -> None:
        self.came: list[tuple[str, bytes]] = []
        self.granted = 0
        self.delivered = 0
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id="peer",
            protocol=(
                paho.MQTTv5 if newest(broker) is MqttProtocol.V5 else paho.MQTTv311
            ),
        )
        self._client.on_message = lambda _c, _u, message: self.came.append(
            (message.topic, message.payload)
        )
        self._client.on_subscribe = self._count_granted
        self._client.on_publish = self._count_delivered
        self._client.on_connect = lambda client, *_: [
            client.subscribe(topic) for topic in topics
        ]
        self._client.connect(HOST, broker.port)
        if topics:
            until(lambda: self.granted == len(topics), self)
        else:
            until(self._client.is_connected, self)

    def _count_granted(self, *_):
        self.granted += 1

    def _count_delivered(self, *_):
        self.delivered += 1

    def step(self) -> None:
        self._client.loop(0.005)

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish as EVerest does, with QoS 2; the broker has it afterwards."""
        wanted = self.delivered + 1
        self._client.publish(topic, payload, qos=2, retain=retain)
        until(lambda: self.delivered == wanted, self)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop(0.005)
        self._client._reset_sockets()  # paho's own pair for its loop() included

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def until(condition: Callable[[], bool], *ends, within_s: float = 10.0) -> None:
    """Drive all ends until the condition holds."""
    stop = Stop()
    try:
        clock = SystemClock(stop)
        end_ns = clock.monotonic_ns() + round(within_s * NS_PER_S)
        while not condition():
            if clock.monotonic_ns() > end_ns:
                logs = [end.log.lines for end in ends if isinstance(end, Line)]
                pytest.fail(f"did not come to pass within {within_s} s: {logs}")
            for end in ends:
                end.step()
            if not ends:  # another process is waited for
                clock.wait_until(clock.monotonic_ns() + 5 * NS_PER_MS)
    finally:
        stop.close()


class Configured(Broker):
    """A mosquitto with lines of its own in its configuration."""

    def __init__(self, directory: Path, lines: tuple[str, ...]) -> None:
        super().__init__(directory, Kind.MOSQUITTO)
        self._lines = lines

    def _launch(self, port: int) -> Part:
        log = self._directory / f"broker-{port}.log"
        log.unlink(missing_ok=True)
        config = self._directory / "mosquitto.conf"
        own = ["user root"] if os.getuid() == 0 else []
        config.write_text(
            "\n".join(
                [f"listener {port} {HOST}", "log_dest stderr", *own, *self._lines, ""]
            )
        )
        return Part("broker", [_mosquitto(), "-c", str(config)], log)


@contextlib.contextmanager
def mosquitto(directory: Path, *lines: str) -> Iterator[Broker]:
    broker = Configured(directory, lines)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def password_line(user: str, password: str) -> str:
    """Write a line of mosquitto's password file (PBKDF2 with SHA-512)."""
    salt = bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    texts = [base64.b64encode(part).decode() for part in (salt, digest)]
    return f"{user}:$7$101${texts[0]}${texts[1]}\n"


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    """Somebody who takes connections and says nothing by himself."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(16)
        listener.settimeout(5)
        yield listener


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """Give a port whose queue of connections is full: a SYN to it is dropped."""
    with contextlib.ExitStack() as closing:
        listener = closing.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(4):
            filler = closing.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect((HOST, port))
        yield port

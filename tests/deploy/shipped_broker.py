# SPDX-License-Identifier: Apache-2.0
"""mosquitto under the shipped configuration, and clients at both of its doors."""

import contextlib
import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from deploy.demo.broker import ATTEMPTS, HOST, _becomes_ready, _mosquitto
from deploy.demo.parts import ROOT, Part
from ipc.config import MqttTable
from publisher import tls

SHIPPED = ROOT / "deploy" / "mosquitto"
MOSQUITTO = _mosquitto()
LOOPS = 400
"""Of 50 ms at most: far more than anything takes."""


def make_certificates(directory: Path, *names: str) -> Path:
    """Run the shipped script."""
    command = ["sh", SHIPPED / "make-certificates.sh", directory, *names]
    subprocess.run(command, check=True, capture_output=True)
    return directory


class ShippedBroker(msgspec.Struct, frozen=True):
    """Where it listens.

    socket        for EVerest
    everest_port  the same, if that door was asked for
    port          for the publisher
    """

    part: Part
    socket: Path
    everest_port: int
    port: int
    certificates: Path

    def table(self, certificates: Path | None = None) -> MqttTable:
        """Give the [mqtt] of a publisher with these certificates, else the right ones."""
        own = certificates or self.certificates
        return MqttTable(
            host=HOST,
            port=self.port,
            tls=True,
            ca_file=str(self.certificates / "ca.pem"),
            certificate_file=str(own / "client.pem"),
            key_file=str(own / "client.key"),
        )


@contextlib.contextmanager
def shipped_broker(
    directory: Path, certificates: Path, *, everest_by_port: bool = False
) -> Iterator[ShippedBroker]:
    """Start it on free ports: another may be faster, then the next ones are tried."""
    for _ in range(ATTEMPTS):
        port, everest_port = _free_port(), _free_port()
        config = _substituted(directory, certificates, port)
        if everest_by_port:
            _uncomment(config, everest_port)
        log = directory / f"mosquitto-{port}.log"
        part = Part("mosquitto", [MOSQUITTO, "-c", str(config)], log)
        if _becomes_ready(part):
            break
        part.end()
    else:
        raise AssertionError(part.last_lines(20))
    try:
        yield ShippedBroker(
            part, directory / "everest.sock", everest_port, port, certificates
        )
    finally:
        part.end()


def _substituted(directory: Path, certificates: Path, port: int) -> Path:
    """Write the shipped configuration with the test's paths, and nothing else changed."""
    text = (SHIPPED / "powermeter.conf").read_text()
    for shipped, here in (
        ("\nlistener 0 /run/mosquitto-everest/socket", f"{directory}/everest.sock"),
        ("\nlistener 8883 127.0.0.1", f"{port} 127.0.0.1"),
        ("\nacl_file /etc/mosquitto/everest.acl", f"{SHIPPED}/everest.acl"),
        ("\nacl_file /etc/mosquitto/powermeter.acl", f"{SHIPPED}/powermeter.acl"),
        ("\ncafile /etc/mosquitto/powermeter/ca.pem", f"{certificates}/ca.pem"),
        (
            "\ncertfile /etc/mosquitto/powermeter/server.pem",
            f"{certificates}/server.pem",
        ),
        (
            "\nkeyfile /etc/mosquitto/powermeter/server.key",
            f"{certificates}/server.key",
        ),
    ):
        assert text.count(shipped) == 1, shipped
        keyword = shipped.split()[0]
        keyword = "listener 0" if "listener 0" in shipped else keyword
        text = text.replace(shipped, f"\n{keyword} {here}")
    text += "\nlog_dest stderr\nlog_type all\n"
    if os.getuid() == 0:
        text += "user root\n"  # else it becomes a user that may not read a test's files
    config = directory / f"mosquitto-{port}.conf"
    config.write_text(text)
    return config


def _uncomment(config: Path, port: int) -> None:
    """Open the door that the shipped file offers in comments."""
    text = config.read_text()
    found = re.search(r"\n#listener 1883 127.0.0.1\n(#\w.*\n)+", text)
    assert found, "the shipped file has no such lines any more"
    lines = found[0].replace("\n#", "\n").replace("/etc/mosquitto", str(SHIPPED))
    text = text.replace(found[0], lines.replace("listener 1883", f"listener {port}"))
    config.write_text(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Client:
    """An MQTT 5 client that keeps what it hears and what was said of its messages."""

    def __init__(self, transport: str = "tcp") -> None:
        if transport == "unix" and version("paho-mqtt").startswith("2.0."):
            pytest.skip("paho-mqtt 2.0 has no Unix sockets: it cannot play EVerest")
        self.messages: list[tuple[str, bytes]] = []
        self.verdicts: dict[int, str] = {}
        self.accepted = False
        self.subscribed = 0
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5, transport=transport
        )
        client.on_connect = self._on_connect
        client.on_message = lambda *a: self.messages.append((a[2].topic, a[2].payload))
        client.on_publish = lambda *a: self.verdicts.update({a[2]: str(a[3])})
        client.on_subscribe = self._on_subscribe

    def connect(self, table: MqttTable) -> "Client":
        """Come as the publisher would, through the port."""
        if (context := tls.context(table)) is not None:
            self._client.tls_set_context(context)
        self._client.connect(table.host, table.port)
        return self

    def connect_as_everest(self, broker: ShippedBroker) -> "Client":
        """Come through the socket."""
        self._client.connect(str(broker.socket), 1)
        return self

    def until(self, condition: Callable[[], object]) -> bool:
        """Turn until the condition holds or the broker has closed the connection."""
        for _ in range(LOOPS):
            if condition():
                return True
            if self._client.loop(0.05) != paho.MQTT_ERR_SUCCESS:
                return bool(condition())
        return False

    def subscribe(self, *topics: str) -> None:
        assert self.until(lambda: self.accepted)
        for topic in topics:
            self._client.subscribe(topic, qos=1)
        assert self.until(lambda: self.subscribed == len(topics))

    def publish(self, topic: str, payload: bytes = b"1") -> str:
        """Publish with QoS 1 and give the broker's word on it."""
        assert self.until(lambda: self.accepted)
        mid = self._client.publish(topic, payload, qos=1).mid
        assert self.until(lambda: mid in self.verdicts)
        return self.verdicts[mid]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop(0.05)
        del self._client  # and with it paho's own pair of sockets: it closes no sooner

    def _on_connect(self, *arguments: object) -> None:
        self.accepted = not arguments[3].is_failure

    def _on_subscribe(self, *_: object) -> None:
        self.subscribed += 1

# SPDX-License-Identifier: Apache-2.0
"""A broker on the loopback, for the demo and the tests: mosquitto, else amqtt.

amqtt is the one a machine with nothing but Python can have. It speaks MQTT 3.1.1
only and has no sessions to come back to, so mosquitto is taken where there is one.
"""

import enum
import os
import shutil
import socket
import sys
from pathlib import Path

from deploy.demo.parts import Part
from ipc.config import MqttProtocol

HOST = "127.0.0.1"
ATTEMPTS = 5
POLL_S = 0.01
POLLS = 2000

READY = " running"
"""Logged by both after the listener is open; a taken port ends them before that."""


class Kind(enum.StrEnum):
    """The two brokers."""

    MOSQUITTO = "mosquitto"
    AMQTT = "amqtt"


class BrokerError(RuntimeError):
    """No broker could be started; the text has its last words."""


class Broker:
    """A broker process that can be stopped and started again on its port."""

    def __init__(self, directory: Path, kind: Kind) -> None:
        """Prepare one whose configuration and log are in the directory."""
        self.kind = kind
        self.host = HOST
        self.port = 0
        self._directory = directory
        self._part: Part | None = None

    @property
    def protocol(self) -> MqttProtocol:
        """The newest MQTT that it speaks."""
        return MqttProtocol.V5 if self.kind is Kind.MOSQUITTO else MqttProtocol.V311

    @property
    def part(self) -> Part:
        """Its process. Only after start()."""
        if self._part is None:
            raise BrokerError("the broker was not started")
        return self._part

    def start(self) -> None:
        """Start on a free port, or on the one it had. Raises BrokerError.

        Between finding a free port and the broker's bind another process may take
        it: then the broker ends, and the next port is tried.
        """
        words: list[str] = []
        for _ in range(ATTEMPTS):
            port = self.port or _free_port()
            part = self._launch(port)
            if _becomes_ready(part):
                self._part, self.port = part, port
                return
            part.end()
            words = part.last_lines(8)
        raise BrokerError("\n".join([f"{self.kind} did not start:", *words]))

    def stop(self) -> None:
        """End it; its clients lose their connections."""
        if self._part is not None:
            self._part.end()

    def _launch(self, port: int) -> Part:
        log = self._directory / f"broker-{port}.log"
        log.unlink(missing_ok=True)  # an earlier run's "running" is not this one's
        if self.kind is Kind.MOSQUITTO:
            config = self._directory / "mosquitto.conf"
            config.write_text(_mosquitto_config(port))
            command = [_mosquitto(), "-c", str(config)]
        else:
            command = [sys.executable, "-m", "deploy.demo.amqtt_broker", str(port)]
        return Part("broker", command, log)


def _becomes_ready(part: Part) -> bool:
    for _ in range(POLLS):
        if any(READY in line for line in part.last_lines(20)):
            return True
        if part.ends_within(POLL_S):
            return False
    return False


def found() -> Kind:
    """Say which broker this machine has."""
    return Kind.MOSQUITTO if _mosquitto() else Kind.AMQTT


def _mosquitto() -> str:
    """Give its path or "". Debian puts it where only root's PATH leads."""
    path = os.environ.get("PATH", os.defpath)
    return shutil.which("mosquitto", path=f"{path}:/usr/sbin:/usr/local/sbin") or ""


def _mosquitto_config(port: int) -> str:
    lines = [
        f"listener {port} {HOST}",
        "allow_anonymous true",
        "set_tcp_nodelay true",
        "persistence false",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_type information",
    ]
    if os.getuid() == 0:
        lines.append("user root")  # else it looks for a user named mosquitto
    return "\n".join([*lines, ""])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port

# SPDX-License-Identifier: Apache-2.0
"""The whole way for a bench: meter, sampler, ring, publisher, broker, subscriber."""

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from deploy.demo.broker import Broker, found
from ipc.clock import Clock
from ipc.shm import SegmentReader
from sampler import registermap
from tests.bench import slave

BELOW = "everest_api/1/powermeter/pm_1"
VALUES = f"{BELOW}/m2e/powermeter_values"

PROFILES = Path(registermap.__file__).with_name("meters")

CONFIG = """
[[bus]]
name = "bench"
port = "{port}"
baudrate = 115200
rate_hz = {rate_hz}
[[bus.meter]]
name = "charger-1"
model = "{model}"
unit_id = 1
module_id = "pm_1"
signing = "{signing}"
{meter}
[mqtt]
host = "127.0.0.1"
port = {broker}
[publish]
every_sample = {every_sample}
[ring]
directory = "{directory}"
capacity = 1024
[journal]
path = "{disk}/journal.db"
{more}
[log]
level = "warning"
"""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a bench chooses.

    signing    "none", "gateway" or "meter"
    is_prompt  plan for the millisecond in which a simulated meter answers, and not for
               a real one's 20: the sampler refuses rates that its plan cannot keep
    """

    model: str = "eastron_sdm630"
    rate_hz: float = 10.0
    every_sample: bool = True
    signing: str = "none"
    is_prompt: bool = False

    def write(
        self,
        directory: Path,
        *,
        port: str,
        broker: int = 1883,
        disk: Path | None = None,
    ) -> Path:
        """Write the configuration of both processes; the ring is in the directory."""
        is_signing = self.signing == "gateway"
        text = CONFIG.format(
            port=port,
            broker=broker,
            directory=directory,
            disk=disk or directory,
            rate_hz=self.rate_hz,
            model=_prompt(self.model, directory) if self.is_prompt else self.model,
            signing=self.signing,
            every_sample=str(self.every_sample).lower(),
            meter='serial = "22000001"' if is_signing else "",
            more=f'[signing]\nkey_file = "{directory}/key.pem"' if is_signing else "",
        )
        path = directory / "config.toml"
        path.write_text(text)
        return path


def _prompt(model: str, directory: Path) -> Path:
    """Write the model's profile with the turnaround of a simulated meter."""
    text = (PROFILES / f"{model}.toml").read_text()
    table = "[limits]" if "[limits]" in text else "[registers]"
    limits = "[limits]\nturnaround_ms = 1\n"
    path = directory / f"{model}.toml"
    path.write_text(
        text.replace(table, limits + ("" if table == "[limits]" else table), 1)
    )
    return path


@contextlib.contextmanager
def command(*arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """Have a process of ours for as long as the block lasts; it ends in order."""
    whole = [sys.executable, "-m", *map(str, arguments)]
    with subprocess.Popen(whole, cwd=slave.ROOT) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)
    if process.returncode:
        raise RuntimeError(f"{arguments} ended with {process.returncode}, see above")


def attached(path: Path, clock: Clock) -> SegmentReader:
    """Wait for a sampler's first samples; what came with the start is passed over."""
    reader = SegmentReader(path, clock=clock)
    for _ in range(200):
        if any(sample.is_good and sample.tick > 1 for sample in reader.read()):
            return reader
        time.sleep(0.05)
    raise RuntimeError("the sampler gave no sample")


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, running."""

    meter: slave.Slave
    broker: Broker
    sampler: subprocess.Popen[bytes]
    publisher: subprocess.Popen[bytes]


@contextlib.contextmanager
def supplied(directory: Path, settings: Settings) -> Iterator[tuple[Path, Broker]]:
    """Have what our processes need: a meter, a broker, and their configuration."""
    with _surrounded(directory, settings) as (path, broker, _):
        yield path, broker


@contextlib.contextmanager
def running(directory: Path, settings: Settings) -> Iterator[Chain]:
    """Start everything; the publisher is the last."""
    with (
        _surrounded(directory, settings) as (path, broker, meter),
        command("sampler", "run", path) as sampler,
        command("publisher", "run", path) as publisher,
    ):
        yield Chain(meter=meter, broker=broker, sampler=sampler, publisher=publisher)


@contextlib.contextmanager
def _surrounded(
    directory: Path, settings: Settings
) -> Iterator[tuple[Path, Broker, slave.Slave]]:
    broker = Broker(directory, found())
    broker.start()
    try:
        with (
            slave.running(115_200, model=settings.model, pace="pieces") as meter,
            tempfile.TemporaryDirectory(prefix="powermeter-bench-") as disk,
        ):
            path = settings.write(
                directory, port=meter.path, broker=broker.port, disk=Path(disk)
            )
            if settings.signing == "gateway":
                key = directory / "key.pem"
                keygen = [sys.executable, "-m", "publisher", "keygen", key]
                subprocess.run(keygen, cwd=slave.ROOT, check=True, capture_output=True)
            yield path, broker, meter
    finally:
        broker.stop()


def at_once(_client: object, _userdata: object, opened: socket.socket) -> None:
    """Send small packets without waiting for more: paho leaves TCP as it is."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Peer:
    """A subscriber that notes when each message came, CLOCK_MONOTONIC in ns."""

    def __init__(self, broker: Broker, *topics: str) -> None:
        self.came: list[tuple[int, str, bytes]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._granted = 0
        self._client.on_subscribe = self._on_subscribe
        self._client.on_socket_open = at_once
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        self.publish = self._client.publish
        for topic in topics:
            self._client.subscribe(topic, qos=1)
        self.until(lambda: self._granted == len(topics))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def until(self, condition: Callable[[], bool], within_s: float = 20.0) -> None:
        """Wait until it holds; RuntimeError if it never does."""
        for _ in range(round(within_s / 0.001)):
            if condition():
                return
            time.sleep(0.001)
        raise RuntimeError(f"nothing came within {within_s} s")

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        came = (time.monotonic_ns(), message.topic, bytes(message.payload))
        self.came.append(came)

    def _on_subscribe(self, *_: object) -> None:
        self._granted += 1

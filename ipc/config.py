# SPDX-License-Identifier: Apache-2.0
"""The one TOML file both processes read: its tables, and load().

Every error names the file, the key, the value and the bound. An unknown key is
an error: a misspelled option that is silently ignored is worse than a refusal.
"""

import enum
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ipc import toml
from ipc.errors import ConfigError
from ipc.toml import Table

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class Parity(enum.StrEnum):
    """The parity bit of a character on the wire."""

    NONE = "none"
    EVEN = "even"
    ODD = "odd"


class Signing(enum.StrEnum):
    """Who signs a transaction's record."""

    NONE = "none"
    GATEWAY = "gateway"
    METER = "meter"


class MqttProtocol(enum.StrEnum):
    """The MQTT version spoken to the broker."""

    V5 = "5"
    V311 = "3.1.1"


class WindowValue(enum.StrEnum):
    """What a window tells of a power, a voltage, a current: energies are the last."""

    MEAN = "mean"
    LAST = "last"


class LogLevel(enum.StrEnum):
    """The least level that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(enum.StrEnum):
    """auto: readable on a terminal, JSON lines elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class MeterTable(Table, frozen=True, kw_only=True):
    """[[bus.meter]]: one meter on a bus.

    every         it is read with every so many ticks of its bus
    energy_every  its energies are read with every so many of its readings
    """

    name: Name
    model: Annotated[str, Meta(min_length=1)]
    unit_id: Annotated[int, Meta(ge=1, le=247)]
    module_id: Name
    signing: Signing = Signing.NONE
    every: Annotated[int, Meta(ge=1, le=1000)] = 1
    energy_every: Annotated[int, Meta(ge=1, le=1000)] = 1


class BusTable(Table, frozen=True, kw_only=True):
    """[[bus]]: one serial line and the meters on it."""

    name: Name
    port: Annotated[str, Meta(min_length=1)]
    meter: Annotated[list[MeterTable], Meta(min_length=1, max_length=32)]
    baudrate: Annotated[int, Meta(ge=1200, le=1_000_000)] = 9600
    parity: Parity = Parity.NONE
    stopbits: Annotated[int, Meta(ge=1, le=2)] = 1
    rate_hz: Annotated[float, Meta(gt=0, le=100)] = 1.0
    timeout_s: Annotated[float, Meta(ge=0.02, le=0.5)] = 0.3


class MqttTable(Table, frozen=True, kw_only=True):
    """[mqtt]: the broker, and how to speak to it.

    socket            of a broker on this machine, instead of host and port
    ca_file           whom we trust with tls; absent: whom the system trusts
    certificate_file  who we are with tls, if the broker asks; with its key_file
    password_file     absent: the systemd credential mqtt-password, if there is one
    """

    host: Annotated[str, Meta(min_length=1)] = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    socket: Annotated[str, Meta(min_length=1)] | None = None
    tls: bool = False
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    protocol: MqttProtocol = MqttProtocol.V5
    client_id: Name = "everest-powermeter"
    base_topic: Annotated[str, Meta(pattern=r"^[^/+#$\x00][^+#\x00]*[^/+#\x00]$")] = (
        "everest_api/1/powermeter"
    )
    keepalive_s: Annotated[int, Meta(ge=2, le=600)] = 15
    session_expiry_s: Annotated[int, Meta(ge=0, le=300)] = 30
    username: str | None = None
    password_file: str | None = None


class PublishTable(Table, frozen=True, kw_only=True):
    """[publish]: windows and the statement of health.

    every_sample          no windows: each good sample is published at once
    early_power_change_w  a sample whose power differs by more from the last published
                          one is published at once; absent: it waits for its window
    """

    window_s: Annotated[float, Meta(ge=0.1, le=60)] = 1.0
    window_value: WindowValue = WindowValue.MEAN
    every_sample: bool = False
    early_power_change_w: Annotated[float, Meta(gt=0, le=1e7)] | None = None
    check_period_s: Annotated[float, Meta(ge=0.2, le=60)] = 2.0
    fresh_s: Annotated[float, Meta(ge=0.2, le=60)] = 3.0


class RingTable(Table, frozen=True, kw_only=True):
    """[ring]: where the segments are, and how many samples each holds."""

    directory: Annotated[str, Meta(min_length=1)] = "/run/powermeter"
    capacity: Annotated[int, Meta(ge=64, le=65536)] = 4096


class JournalTable(Table, frozen=True, kw_only=True):
    """[journal]: where transactions are kept."""

    path: Annotated[str, Meta(min_length=1)] = "/var/lib/powermeter/journal.db"


class LogTable(Table, frozen=True, kw_only=True):
    """[log]: what is written to stderr, and how."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.AUTO


class RealtimeTable(Table, frozen=True, kw_only=True):
    """[realtime]: what the sampler asks of the kernel; each is done without if refused.

    priority        of SCHED_FIFO; absent: the normal scheduler
    cpus            the processors it may run on; absent: all
    lock_memory     keep every page in memory (costs about 6 MB)
    freeze_gc       let the garbage collector pass over what start-up has made
    timer_slack_us  how late the kernel may wake it to save power; absent: its default
    """

    priority: Annotated[int, Meta(ge=1, le=99)] | None = None
    cpus: (
        Annotated[list[Annotated[int, Meta(ge=0, le=1023)]], Meta(min_length=1)] | None
    ) = None
    lock_memory: bool = False
    freeze_gc: bool = False
    timer_slack_us: Annotated[int, Meta(ge=1, le=10_000)] | None = None


class Config(Table, frozen=True, kw_only=True):
    """The whole file."""

    bus: Annotated[list[BusTable], Meta(min_length=1, max_length=16)]
    mqtt: MqttTable = MqttTable()
    publish: PublishTable = PublishTable()
    ring: RingTable = RingTable()
    journal: JournalTable = JournalTable()
    realtime: RealtimeTable = RealtimeTable()
    log: LogTable = LogTable()

    def ring_path(self, bus: BusTable) -> Path:
        """Give the segment file of a bus."""
        return Path(self.ring.directory) / f"{bus.name}.ring"

    def channel_path(self, bus: BusTable) -> Path:
        """Give the socket on which a bus's sampler takes commands."""
        return Path(self.ring.directory) / f"{bus.name}.sock"


def load(path: Path) -> Config:
    """Read and check the file; a ConfigError names every conflict in it."""
    config = toml.load(path, Config)
    if conflicts := list(_conflicts(config)):
        raise ConfigError("\n".join(f"{path}: {conflict}" for conflict in conflicts))
    return config


def _conflicts(config: Config) -> Iterator[str]:
    """Say what no single value shows: names and addresses taken twice."""
    meters = [meter for bus in config.bus for meter in bus.meter]
    yield from _twice("bus.name", (bus.name for bus in config.bus))
    yield from _twice("bus.port", (bus.port for bus in config.bus))
    yield from _twice("bus.meter.name", (meter.name for meter in meters))
    yield from _twice("bus.meter.module_id", (meter.module_id for meter in meters))
    for bus in config.bus:
        units = (meter.unit_id for meter in bus.meter)
        yield from _twice(f"bus.meter.unit_id on bus {bus.name!r}", units)
    for bus in config.bus:
        for meter in bus.meter:
            yield from _too_slow(config.publish, bus, meter)
    if config.publish.every_sample and config.publish.early_power_change_w is not None:
        yield (
            "publish.every_sample and publish.early_power_change_w are both set: with"
            " the first each sample is published at once anyway; remove one"
        )
    yield from _unfit(config.mqtt)
    if config.mqtt.password_file and not config.mqtt.username:
        yield "mqtt.password_file is set, but mqtt.username is not: set both or none"


def _unfit(mqtt: MqttTable) -> Iterator[str]:
    """Say which settings of the way to the broker do not go together."""
    if mqtt.tls and mqtt.socket is not None:
        yield "mqtt.tls and mqtt.socket are both set: a Unix socket has no TLS"
    for key in ("ca_file", "certificate_file", "key_file"):
        if getattr(mqtt, key) is not None and not mqtt.tls:
            yield f"mqtt.{key} is set, but mqtt.tls is not: set tls = true"
    if (mqtt.certificate_file is None) != (mqtt.key_file is None):
        yield "mqtt.certificate_file and mqtt.key_file: set both or none"


def _too_slow(publish: PublishTable, bus: BusTable, meter: MeterTable) -> Iterator[str]:
    """Say where a meter is read too seldom for what is to be published of it."""
    period_s = meter.every / bus.rate_hz
    where = f"of meter {meter.name!r}"
    if publish.fresh_s < 2 * period_s:
        yield (
            f"publish.fresh_s = {publish.fresh_s}: must be at least two periods {where}"
            f" ({2 * period_s:g} s), or its health would flicker"
        )
    if meter.energy_every == 1:
        return
    if publish.every_sample or publish.early_power_change_w is not None:
        yield (
            f"bus.meter.energy_every = {meter.energy_every} {where}: must be 1 with"
            " publish.every_sample or publish.early_power_change_w: a sample without"
            " its energy is not published"
        )
    elif publish.window_s < 2 * period_s * meter.energy_every:
        yield (
            f"publish.window_s = {publish.window_s}: must be at least two energy"
            f" periods {where} ({2 * period_s * meter.energy_every:g} s): a window in"
            " which no energy was read is not published; lower energy_every, or raise"
            " window_s"
        )


def _twice(key: str, values: Iterator[str] | Iterator[int]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{key} = {value!r}: stands {count} times, must be unique"

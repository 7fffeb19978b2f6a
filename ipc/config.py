# SPDX-License-Identifier: Apache-2.0
"""Loads the one TOML file both processes read; ipc/tables.py has its tables.

Every error names the file, the key, the value and the bound. An unknown key is
an error: a misspelled option that is silently ignored is worse than a refusal.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ipc import toml
from ipc.errors import ConfigError
from ipc.tables import (
    BusTable,
    Config,
    Current,
    EnergyUnit,
    JournalTable,
    LogFormat,
    LogLevel,
    LogTable,
    MeterTable,
    MqttProtocol,
    MqttTable,
    Parity,
    PublishTable,
    RealtimeTable,
    RingTable,
    Signing,
    SigningTable,
    WindowValue,
)

__all__ = [  # what reads a file knows its tables from here too
    "BusTable",
    "Config",
    "Current",
    "EnergyUnit",
    "JournalTable",
    "LogFormat",
    "LogLevel",
    "LogTable",
    "MeterTable",
    "MqttProtocol",
    "MqttTable",
    "Parity",
    "PublishTable",
    "RealtimeTable",
    "RingTable",
    "Signing",
    "SigningTable",
    "WindowValue",
    "load",
]


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
            yield from _unsigned(config.signing, bus, meter)
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
        yield "mqtt.tls and mqtt.socket are both set, but a Unix socket has no TLS: remove one"
    for key in ("ca_file", "certificate_file", "key_file"):
        if getattr(mqtt, key) is not None and not mqtt.tls:
            yield f"mqtt.{key} is set, but mqtt.tls is not: set tls = true"
    if (mqtt.certificate_file is None) != (mqtt.key_file is None):
        yield "mqtt.certificate_file and mqtt.key_file: set both or none"


def _too_slow(publish: PublishTable, bus: BusTable, meter: MeterTable) -> Iterator[str]:
    """Say where a meter is read too seldom for what is to be published of it."""
    period_s = meter.every / bus.rate_hz
    where = f"of meter {meter.name!r}"
    if publish.fresh_s < 3 * period_s:
        yield (
            f"publish.fresh_s = {publish.fresh_s}: must be at least three periods"
            f" {where} ({3 * period_s:g} s), or its health would flicker"
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


def _unsigned(signing: SigningTable, bus: BusTable, meter: MeterTable) -> Iterator[str]:
    """Say what keeps the gateway from signing for a meter."""
    if meter.signing is not Signing.GATEWAY:
        return
    where = f"of meter {meter.name!r}"
    if meter.serial is None:
        yield (
            f"bus.meter.serial {where} is missing: add it, since a record that the"
            " gateway signs tells which meter was read"
        )
    finest = 6 if meter.energy_unit is EnergyUnit.KWH else 3
    if meter.energy_decimals > finest:
        yield (
            f"bus.meter.energy_decimals = {meter.energy_decimals} {where}: must"
            f" be at most {finest} in {meter.energy_unit}"
        )
    period_s = meter.every * meter.energy_every / bus.rate_hz
    if signing.reply_s < 3 * period_s:
        yield (
            f"signing.reply_s = {signing.reply_s}: must be at least three energy"
            f" periods {where} ({3 * period_s:g} s): a request waits for a reading"
        )


def _twice(key: str, values: Iterator[str] | Iterator[int]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{key} = {value!r}: stands {count} times, must be unique"

# SPDX-License-Identifier: Apache-2.0
"""What the publisher would do with a configuration, and what it refuses."""

import math
import os
from collections.abc import Iterator

from ipc.config import Config, MeterTable, Signing
from publisher import secret, tls
from publisher.connection import address, make_client
from publisher.errors import CapacityError
from publisher.topics import Topics


def refuse(config: Config) -> None:
    """Raise a PublisherError for what is well-formed but cannot work."""
    for bus in config.bus:
        # Twice what comes in between two looks, so that a slow one loses nothing.
        wanted = math.ceil(2 * config.publish.window_s * bus.rate_hz) * len(bus.meter)
        if config.ring.capacity < wanted:
            raise CapacityError(
                f"ring.capacity = {config.ring.capacity}: bus {bus.name!r} needs at"
                f" least {wanted} for windows of {config.publish.window_s:g} s:"
                " raise it, or lower publish.window_s"
            )
    mqtt = config.mqtt
    password = secret.password(mqtt, os.environ)
    make_client(mqtt, password=password, tls=tls.context(mqtt))


def refuse_key(config: Config) -> None:
    """Raise a PublisherError if the gateway is to sign and its key cannot be used.

    A credential of systemd is there only for the service itself, so its absence says
    nothing here. run does not refuse: it publishes the values and says what is amiss.
    """
    table = config.signing
    is_here = table.key_file is not None or "CREDENTIALS_DIRECTORY" in os.environ
    if is_here and any(_gateway_meters(config)):
        from publisher import keys  # noqa: PLC0415 - the library is heavy

        keys.configured(table, os.environ)


def describe(config: Config) -> Iterator[str]:
    """Give the lines that `check` prints: broker, then where each meter goes."""
    mqtt, publish = config.mqtt, config.publish
    user = f" as {mqtt.username}" if mqtt.username else ""
    yield f"broker {address(mqtt)}{user}, MQTT {mqtt.protocol.value}"
    early_w = publish.early_power_change_w
    early = "" if early_w is None else f", at once if power changes by {early_w:g} W"
    yield (
        "every good sample at once"
        if publish.every_sample
        else f"windows of {publish.window_s:g} s, the {publish.window_value}{early}"
    )
    yield (
        "communication_check every"
        f" {publish.check_period_s:g} s while the newest good sample is younger than"
        f" {publish.fresh_s:g} s"
    )
    if any(_gateway_meters(config)):
        yield from _describe_signing(config)
    for bus in config.bus:
        yield f"bus {bus.name}: ring {config.ring_path(bus)}"
        for meter in bus.meter:
            topics = Topics(base=mqtt.base_topic, module_id=meter.module_id)
            yield f"  meter {meter.name}: {_how_signed(meter)}"
            yield f"    sends  {topics.powermeter_values}"
            yield f"    sends  {topics.communication_check}"
            if meter.signing is Signing.METER:
                yield f"    asks   {config.channel_path(bus)}"
            if meter.signing is not Signing.NONE:
                yield f"    sends  {topics.public_key}"
            yield f"    takes  {topics.start_transaction}"
            yield f"    takes  {topics.stop_transaction}"


def _gateway_meters(config: Config) -> Iterator[MeterTable]:
    for bus in config.bus:
        yield from (each for each in bus.meter if each.signing is Signing.GATEWAY)


def _describe_signing(config: Config) -> Iterator[str]:
    signing, journal = config.signing, config.journal
    key = signing.key_file or "systemd's credential signing-key"
    kept = "for ever" if journal.keep_days is None else f"{journal.keep_days} days"
    yield f"signs with {key}; journal {journal.path}, records are kept {kept}"
    longest_s = signing.reply_s + config.mqtt.session_expiry_s
    yield (
        f"answers within {signing.reply_s:g} s: EVerest's cfg_request_reply_to_s must"
        f" be more than {longest_s:g}"
    )


def _how_signed(meter: MeterTable) -> str:
    if meter.signing is Signing.NONE:
        return "signs nothing"
    if meter.signing is Signing.METER:
        return "signing meter: by itself, with its own key"
    name = " ".join(part for part in (meter.vendor, meter.product) if part)
    return (
        f"signing {meter.signing.value}, serial {meter.serial}"
        f"{name and f' ({name})'}, {meter.energy_unit} with"
        f" {meter.energy_decimals} decimals"
    )

# SPDX-License-Identifier: Apache-2.0
"""What the publisher would do with a configuration, and what it refuses."""

import math
import os
from collections.abc import Iterator

from ipc.config import Config, Signing
from publisher import secret, tls
from publisher.connection import address, make_client
from publisher.errors import CapacityError, SigningError
from publisher.topics import Topics


def refuse(config: Config) -> None:
    """Raise a PublisherError for what is well-formed but cannot work."""
    for bus in config.bus:
        for meter in bus.meter:
            if meter.signing is not Signing.NONE:
                raise SigningError(
                    f"meter {meter.name!r}: signing = {meter.signing.value!r} is not"
                    " available in this version: use signing = 'none'"
                )
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
    for bus in config.bus:
        yield f"bus {bus.name}: ring {config.ring_path(bus)}"
        for meter in bus.meter:
            topics = Topics(base=mqtt.base_topic, module_id=meter.module_id)
            yield f"  meter {meter.name}: signing {meter.signing.value}"
            yield f"    sends  {topics.powermeter_values}"
            yield f"    sends  {topics.communication_check}"
            yield f"    takes  {topics.start_transaction}"
            yield f"    takes  {topics.stop_transaction}"

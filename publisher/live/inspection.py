# SPDX-License-Identifier: Apache-2.0
"""check --live: the whole chain looked at, from the meter to EVerest."""

import os
from collections.abc import Iterator
from pathlib import Path

from ipc.clock import Clock
from ipc.config import Config, Signing
from ipc.stop import Stop
from ipc.watch.look import Watch
from publisher import keys
from publisher.clock_sync import kernel_is_synchronised
from publisher.live import judgement, station
from publisher.live.dialogue import Dialogue
from publisher.live.finding import Finding
from publisher.meter import of_bus

PATIENCE_S = 8.0
"""For the broker and EVerest: a heartbeat a second, two for answers to discover."""


def inspect(
    config: Config, *, clock: Clock, stop: Stop, patience_s: float = PATIENCE_S
) -> list[Finding]:
    """Look at everything; a PublisherError if not even a try can be made."""
    watch = Watch(config, clock)
    try:
        meters = [meter for bus in config.bus for meter in of_bus(config, bus)]
        heard = Dialogue(config, meters, clock=clock, stop=stop).hold(patience_s)
        report = watch.look()
    finally:
        watch.close()
    findings = [station.configured(config)]
    for bus, seen in zip(config.bus, report.buses, strict=True):
        findings += station.meters(bus, seen)
    module_ids = [meter.topics.module_id for meter in meters]
    findings += judgement.judge(heard, config.mqtt, module_ids)
    findings += _records(config)
    return findings


def _records(config: Config) -> Iterator[Finding]:
    """Look at what signed records need, if any are to be made."""
    signing = {table.signing for bus in config.bus for table in bus.meter}
    if signing == {Signing.NONE}:
        return
    if Signing.GATEWAY in signing:
        yield station.key(lambda: keys.configured(config.signing, os.environ))
    yield station.clock(is_synchronised=kernel_is_synchronised())
    yield station.disk(Path(config.journal.path))

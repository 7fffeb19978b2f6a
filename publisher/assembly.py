# SPDX-License-Identifier: Apache-2.0
"""From the configuration to those who sign. Loaded only if somebody does."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from selectors import BaseSelector

from ipc.channel import ChannelClient
from ipc.clock import Clock
from ipc.config import Config, MeterTable, Signing, SigningTable
from ipc.log import Logger
from publisher import clock_sync, keys
from publisher.books import Books
from publisher.channels import Channels
from publisher.clerk import Clerk, Limits
from publisher.ecdsa import SigningKey
from publisher.errors import KeyFileError
from publisher.journal import Journal
from publisher.notary import Notary, SignedMeter
from publisher.ocmf import CurrentType, Register, Source, Unit
from publisher.reading import MeterIdentity
from publisher.signers import Signers
from publisher.signing.desk import SelfSigning


def make_signers(
    config: Config,
    *,
    selector: BaseSelector,
    closing: ExitStack,
    clock: Clock,
    log: Logger,
) -> Signers:
    """Open the journal, and make all who work with it.

    JournalError: it has no place, or another process writes it.
    """
    key = find_key(config.signing, log=log) if gateway_meters(config) else None
    path = Path(config.journal.path)
    journal = closing.enter_context(Journal.open(path))
    ways = make_channels(config, clock)
    for way in ways.values():
        closing.callback(way.close)
    clerk = make_clerk(config, journal=journal, key=key, channels=ways, clock=clock)
    return Signers(
        clerk=clerk,
        channels=Channels(list(ways.values()), selector=selector) if ways else None,
        keys=lambda: public_keys(config, key, clerk),
        books=Books(
            journal, path=path, fingerprint=key.public.fingerprint if key else None
        ),
    )


def find_key(table: SigningTable, *, log: Logger) -> SigningKey | None:
    """Read the gateway's key; None, and an error in the log, if it cannot be used.

    The values are published all the same, and records that are signed can be told.
    """
    try:
        return keys.configured(table, os.environ)
    except KeyFileError as error:
        log.error("key_unusable", detail=str(error))  # noqa: TRY400 - no fault of ours
        return None


def make_clerk(
    config: Config,
    *,
    journal: Journal,
    key: SigningKey | None,
    channels: Mapping[str, ChannelClient],
    clock: Clock,
) -> Clerk:
    """Put together who signs transactions, or sees to it.

    channels  to the meters that sign by themselves, by their bus
    """
    kernel = clock_sync.ClockSync(is_synchronised=clock_sync.kernel_is_synchronised)
    return Clerk(
        [_signed(table) for table in gateway_meters(config)],
        notary=Notary(journal, key=key, gateway=_source(config.signing)),
        limits=Limits(
            reply_s=config.signing.reply_s, keep_days=config.journal.keep_days
        ),
        clock=clock,
        kernel=kernel,
        signers=[
            SelfSigning(name=meter.name, channel=channels[bus.name])
            for bus in config.bus
            for meter in bus.meter
            if meter.signing is Signing.METER
        ],
    )


def make_channels(config: Config, clock: Clock) -> dict[str, ChannelClient]:
    """Give the way to each bus that has a meter which signs by itself."""
    return {
        bus.name: ChannelClient(config.channel_path(bus), clock)
        for bus in config.bus
        if any(meter.signing is Signing.METER for meter in bus.meter)
    }


def public_keys(
    config: Config, key: SigningKey | None, clerk: Clerk
) -> Mapping[str, str]:
    """Give what verifies each meter's records, by its name, as far as it is known."""
    if key is None:
        return clerk.public_keys
    gateway = {table.name: key.public.hex for table in gateway_meters(config)}
    return gateway | clerk.public_keys


def gateway_meters(config: Config) -> list[MeterTable]:
    """Give the meters that the gateway signs for."""
    meters = [meter for bus in config.bus for meter in bus.meter]
    return [meter for meter in meters if meter.signing is Signing.GATEWAY]


def _signed(table: MeterTable) -> SignedMeter:
    return SignedMeter(
        name=table.name,
        identity=MeterIdentity(
            vendor=table.vendor, model=table.product, serial=table.serial or ""
        ),
        register=Register(
            unit=Unit(table.energy_unit),
            decimals=table.energy_decimals,
            current=CurrentType(table.current),
        ),
    )


def _source(table: SigningTable) -> Source:
    return Source(gateway_id=table.gateway_id, gateway_serial=table.gateway_serial)

# SPDX-License-Identifier: Apache-2.0
"""The publisher put together, and run until it is to stop."""

import contextlib
import os
import selectors
from collections.abc import Sequence
from pathlib import Path

from ipc import log
from ipc.clock import SystemClock
from ipc.config import BusTable, Config, Signing
from ipc.notify import Notify
from ipc.shm import SegmentReader, Start
from ipc.statusfile import StatusFile
from ipc.stop import Stop
from ipc.wake import Wake
from publisher import secret, tls
from publisher.announcer import KeyAnnouncer
from publisher.connection import make_client
from publisher.everest import Everest
from publisher.feed import Feed
from publisher.handover import Handover
from publisher.loop import Loop
from publisher.meter import Meter, of_bus
from publisher.mqtt import Mqtt
from publisher.report import Report
from publisher.responder import Responder
from publisher.signers import Signers
from publisher.status import Status
from publisher.topics import Api


def run(config: Config, stop: Stop) -> None:
    """Publish until the stop is requested. Raises IpcError or PublisherError."""
    logger = log.set_up(config.log, process="publisher")
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as closing:
        service = Service(config, selector=selector, closing=closing, stop=stop)
        service.make_loop(logger).run()
    logger.info("publisher_stopped")


class Service:
    """Makes the parts; what has to be closed is, in reverse, by `closing`."""

    def __init__(
        self,
        config: Config,
        *,
        selector: selectors.BaseSelector,
        closing: contextlib.ExitStack,
        stop: Stop,
    ) -> None:
        self._config = config
        self._selector = selector
        self._closing = closing
        self._stop = stop
        self._clock = SystemClock(stop)
        self._limit = log.RateLimit(self._clock)

    def make_loop(self, logger: log.Logger) -> Loop:
        """Make everything, and take up what the journal holds open."""
        clock, closing = self._clock, self._closing
        report = Report(log=logger, clock=clock, limit=self._limit)
        notify = Notify(os.environ, clock=clock)
        closing.callback(notify.close)
        wake = closing.enter_context(Wake(Path(self._config.ring.directory)))
        feeds = [self._make_feed(bus, logger) for bus in self._config.bus]
        meters = [meter for feed in feeds for meter in feed.meters]
        signers = self._make_signers(logger)
        transactions = Handover(signers.clerk, channels=signers.channels, report=report)
        everest = self._make_everest(meters, logger)
        responder = Responder(
            meters, transactions=transactions, report=report, clock=clock
        )
        broker = self._make_broker(everest, responder, logger)
        path = self._config.publisher_status_path()
        status = Status(
            report.tally,
            feeds=feeds,
            broker=broker,
            everest=everest,
            books=signers.books,
            file=StatusFile(path, clock=clock, log=logger),
        )
        closing.callback(status.close)
        logger.info("publisher_started", meters=len(meters))
        transactions.boot(broker)
        return Loop(
            self._config.publish,
            feeds=feeds,
            broker=broker,
            everest=everest,
            transactions=transactions,
            announcer=_make_announcer(meters, signers, clock),
            selector=self._selector,
            wake=wake,
            report=report,
            status=status,
            notify=notify,
            clock=clock,
            stop=self._stop,
        )

    def _make_feed(self, bus: BusTable, logger: log.Logger) -> Feed:
        """Make the way of one bus's samples; its ring need not be there yet."""
        path = self._config.ring_path(bus)
        ring = SegmentReader(path, clock=self._clock, start=Start.NEWEST)
        self._closing.callback(ring.close)
        meters = of_bus(self._config, bus)
        return Feed(
            bus=bus.name, ring=ring, meters=meters, log=logger, limit=self._limit
        )

    def _make_signers(self, logger: log.Logger) -> Signers:
        """Make who signs; nothing of it is loaded for nobody."""
        meters = [meter for bus in self._config.bus for meter in bus.meter]
        if all(meter.signing is Signing.NONE for meter in meters):
            return Signers()
        from publisher import assembly  # noqa: PLC0415 - SQLite, and the keys' library

        return assembly.make_signers(
            self._config,
            selector=self._selector,
            closing=self._closing,
            clock=self._clock,
            log=logger,
        )

    def _make_everest(self, meters: Sequence[Meter], logger: log.Logger) -> Everest:
        return Everest(
            meters,
            api=Api(base=self._config.mqtt.base_topic),
            check_period_s=self._config.publish.check_period_s,
            clock=self._clock,
            log=logger,
        )

    def _make_broker(
        self, everest: Everest, responder: Responder, logger: log.Logger
    ) -> Mqtt:
        """Make the way to the broker, and from there to who takes what comes."""
        table = self._config.mqtt

        def take(topic: str, message: bytes, waited: bool) -> None:
            everest.take(topic, message)
            responder.take(topic, message, broker, waited=waited)

        broker = Mqtt(
            table,
            client=make_client(
                table,
                password=secret.password(table, os.environ),
                tls=tls.context(table),
            ),
            subscriptions=dict.fromkeys(responder.topics, 2)
            | dict.fromkeys(everest.topics, 0),
            on_message=take,
            selector=self._selector,
            clock=self._clock,
            stop=self._stop,
            log=logger,
        )
        self._closing.callback(broker.close)
        return broker


def _make_announcer(
    meters: Sequence[Meter], signers: Signers, clock: SystemClock
) -> KeyAnnouncer:
    topics = {meter.table.name: meter.topics.public_key for meter in meters}
    return KeyAnnouncer(topics, keys=signers.keys, clock=clock)

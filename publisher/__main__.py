# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher: the only place where the publisher's parts are built.

Its imports are late on purpose: the signal handlers are in place within the first
milliseconds, so that a stop during start-up is as orderly as any other.
"""

import argparse
import contextlib
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ipc.stop import Stop

if TYPE_CHECKING:
    from ipc.clock import Clock
    from ipc.config import Config
    from ipc.log import Logger, RateLimit
    from publisher.feed import Feed


TOOLS = {
    "verify": ("say whether an OCMF record is valid, and why", "publisher.verify"),
    "keygen": ("make a signing key", "publisher.keygen"),
}
"""Each with what it does and where it is: imported only when it is asked for."""


def main() -> int:
    """Parse the command line and do what it says; give the exit status."""
    stop = Stop.on_signals()
    parser = argparse.ArgumentParser(
        prog="powermeter-publisher",
        description="Publishes the sampled values to EVerest over MQTT.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("run", "publish until SIGTERM or SIGINT"),
        ("check", "validate a configuration and print what would be published where"),
    ):
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument("config", type=Path, help="the TOML file")
    tool: ModuleType | None = None
    for name, (what, module) in TOOLS.items():
        command = commands.add_parser(name, help=what, description=what)
        if name in sys.argv[1:2]:
            tool = importlib.import_module(module)
            tool.add_arguments(command)
    arguments = parser.parse_args()
    if tool is None:
        return _on_config(arguments, stop)
    status: int = tool.run(arguments)
    return status


def _on_config(arguments: argparse.Namespace, stop: Stop) -> int:
    from ipc import config
    from ipc.errors import IpcError
    from publisher import check
    from publisher.errors import PublisherError

    try:
        loaded = config.load(arguments.config)
        check.refuse(loaded)
        if arguments.command == "check":
            print("\n".join(check.describe(loaded)))
            return 0
        return _run(loaded, stop)
    except (IpcError, PublisherError) as error:
        print(f"powermeter-publisher: {error}", file=sys.stderr)
        return 2


def _run(config: "Config", stop: Stop) -> int:
    import os
    import selectors

    from ipc import log
    from ipc.clock import SystemClock
    from ipc.wake import Wake
    from publisher import secret, tls
    from publisher.connection import make_client
    from publisher.everest import Everest
    from publisher.loop import Loop
    from publisher.mqtt import Mqtt
    from publisher.report import Report
    from publisher.responder import Responder
    from publisher.topics import Api

    clock = SystemClock(stop)
    logger = log.set_up(config.log, process="publisher")
    limit = log.RateLimit(clock)
    report = Report(log=logger, clock=clock, limit=limit)
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as closing:
        wake = closing.enter_context(Wake(Path(config.ring.directory)))
        feeds = _feeds(config, closing, clock=clock, log=logger, limit=limit)
        meters = [meter for feed in feeds for meter in feed.meters]
        responder = Responder(meters, report=report)
        everest = Everest(
            meters,
            api=Api(base=config.mqtt.base_topic),
            check_period_s=config.publish.check_period_s,
            clock=clock,
            log=logger,
        )

        def take(topic: str, message: bytes, waited: bool) -> None:
            everest.take(topic, message)
            responder.take(topic, message, broker, waited=waited)

        broker = Mqtt(
            config.mqtt,
            client=make_client(
                config.mqtt,
                password=secret.password(config.mqtt, os.environ),
                tls=tls.context(config.mqtt),
            ),
            subscriptions=dict.fromkeys(responder.topics, 2)
            | dict.fromkeys(everest.topics, 0),
            on_message=take,
            selector=selector,
            clock=clock,
            stop=stop,
            log=logger,
        )
        closing.callback(broker.close)
        logger.info("publisher_started", meters=len(meters))
        Loop(
            config.publish,
            feeds=feeds,
            broker=broker,
            everest=everest,
            selector=selector,
            wake=wake,
            report=report,
            clock=clock,
            stop=stop,
        ).run()
    logger.info("publisher_stopped")
    return 0


def _feeds(
    config: "Config",
    closing: contextlib.ExitStack,
    *,
    clock: "Clock",
    log: "Logger",
    limit: "RateLimit",
) -> "list[Feed]":
    from ipc.shm import SegmentReader, Start
    from publisher.feed import Feed
    from publisher.meter import Meter
    from publisher.topics import Topics

    feeds = []
    for bus in config.bus:
        ring = SegmentReader(config.ring_path(bus), clock=clock, start=Start.NEWEST)
        closing.callback(ring.close)
        meters = [
            Meter(
                table,
                topics=Topics(base=config.mqtt.base_topic, module_id=table.module_id),
                publish=config.publish,
            )
            for table in bus.meter
        ]
        feed = Feed(bus=bus.name, ring=ring, meters=meters, log=log, limit=limit)
        feeds.append(feed)
    return feeds


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher: the only place where the publisher's parts are built.

Its imports are late on purpose: the signal handlers are in place within the first
milliseconds, so that a stop during start-up is as orderly as any other.
"""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ipc.stop import Stop

if TYPE_CHECKING:
    from ipc.clock import Clock
    from ipc.config import Config
    from ipc.log import Logger, RateLimit
    from publisher.feed import Feed


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
    arguments = parser.parse_args()
    return _on_config(arguments, stop)


def _on_config(arguments: argparse.Namespace, stop: Stop) -> int:
    from ipc import config  # noqa: PLC0415 - late
    from ipc.errors import IpcError  # noqa: PLC0415 - late
    from publisher import check  # noqa: PLC0415 - late
    from publisher.errors import PublisherError  # noqa: PLC0415 - late

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
    import selectors  # noqa: PLC0415 - late

    from ipc import log  # noqa: PLC0415 - late
    from ipc.clock import SystemClock  # noqa: PLC0415 - late
    from publisher.loop import Loop  # noqa: PLC0415 - late
    from publisher.mqtt import Mqtt  # noqa: PLC0415 - late
    from publisher.report import Report  # noqa: PLC0415 - late
    from publisher.responder import Responder  # noqa: PLC0415 - late

    clock = SystemClock(stop)
    logger = log.set_up(config.log, process="publisher")
    limit = log.RateLimit(clock)
    report = Report(log=logger, clock=clock, limit=limit)
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as closing:
        feeds = _feeds(config, closing, clock=clock, log=logger, limit=limit)
        meters = [meter for feed in feeds for meter in feed.meters]
        responder = Responder(meters, report=report)
        broker = Mqtt(
            config.mqtt,
            password=_password(config),
            subscriptions=responder.topics,
            on_message=lambda topic, message: responder.take(topic, message, broker),
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
            selector=selector,
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
    from ipc.shm import SegmentReader, Start  # noqa: PLC0415 - late
    from publisher.feed import Feed  # noqa: PLC0415 - late
    from publisher.meter import Meter  # noqa: PLC0415 - late
    from publisher.topics import Topics  # noqa: PLC0415 - late

    feeds = []
    for bus in config.bus:
        ring = SegmentReader(config.ring_path(bus), clock=clock, start=Start.NEWEST)
        closing.callback(ring.close)
        meters = [
            Meter(
                table,
                topics=Topics(base=config.mqtt.base_topic, module_id=table.module_id),
                window_s=config.publish.window_s,
                fresh_s=config.publish.fresh_s,
            )
            for table in bus.meter
        ]
        feed = Feed(bus=bus.name, ring=ring, meters=meters, log=log, limit=limit)
        feeds.append(feed)
    return feeds


def _password(config: "Config") -> str | None:
    from publisher import secret  # noqa: PLC0415 - late

    name = config.mqtt.password_file
    return None if name is None else secret.read(Path(name))


if __name__ == "__main__":
    sys.exit(main())

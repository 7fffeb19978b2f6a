# SPDX-License-Identifier: Apache-2.0
"""powermeter-sampler: the only place where the sampler's parts are built.

Its imports are late on purpose: the signal handlers are in place within the first
milliseconds, so that a stop during start-up is as orderly as any other.
"""

import argparse
import contextlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ipc.pipe import until_closed
from ipc.stop import Stop

if TYPE_CHECKING:
    from ipc.clock import Clock
    from ipc.config import BusTable, Config
    from ipc.log import Logger
    from sampler.bus import SerialBus
    from sampler.check import BusPlan
    from sampler.meter import Meter
    from sampler.slack import Slack
    from sampler.status import Status


ON_A_LINE = {
    "scan": ("find the meters on a line", "sampler.tools.scan"),
    "read": ("show one set of values of a meter", "sampler.tools.read"),
    "simulate": ("be a meter on a pseudo-terminal", "sampler.simulator.command"),
}
ON_PAPER = {
    "models": ("list the meters it knows", "sampler.tools.models"),
    "import-moddef": ("turn a ModDef profile into ours", "sampler.tools.moddef"),
}
TOOLS = {**ON_A_LINE, **ON_PAPER}
"""Each with what it does and where it is: imported only when it is asked for."""


def main() -> int:
    """Parse the command line and do what it says; give the exit status."""
    stop = Stop.on_signals()
    parser = argparse.ArgumentParser(
        prog="powermeter-sampler",
        description="Reads electricity meters over Modbus RTU into a shared ring.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("run", "read one bus at its rate until SIGTERM or SIGINT"),
        ("check", "validate a configuration and print the timetable of each bus"),
    ):
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument("config", type=Path, help="the TOML file")
        command.add_argument("--bus", help="name of the bus, if there are several")
    tool: ModuleType | None = None
    for name, (what, module) in TOOLS.items():
        command = commands.add_parser(name, help=what, description=what)
        if name in sys.argv[1:2]:
            tool = _tool(name, module, parser)
            tool.add_arguments(command)
    arguments = parser.parse_args()
    if arguments.command == "run":
        return _on_config(arguments, stop)
    if tool is None:
        return until_closed(lambda: _on_config(arguments, stop))
    waits = {"stop": stop} if arguments.command in ON_A_LINE else {}
    return until_closed(lambda: tool.run(arguments, **waits))


def _tool(name: str, module: str, parser: argparse.ArgumentParser) -> ModuleType:
    """Import a tool, or say that this installation leaves it out."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        parser.error(f"{name} is not installed here: {missing}; install its package")


def _on_config(arguments: argparse.Namespace, stop: Stop) -> int:
    from ipc import config
    from ipc.errors import IpcError
    from sampler.errors import SamplerError

    try:
        loaded = config.load(arguments.config)
        if arguments.command == "check":
            return _check(loaded, _chosen(loaded, arguments.bus))
        return _run(loaded, _the_one(_chosen(loaded, arguments.bus)), stop)
    except (IpcError, SamplerError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        print(f"powermeter-sampler: {reason or error}", file=sys.stderr)
        return 2


def _chosen(config: "Config", name: str | None) -> "list[BusTable]":
    from ipc.errors import ConfigError

    buses = [bus for bus in config.bus if name in (None, bus.name)]
    if not buses:
        known = ", ".join(bus.name for bus in config.bus)
        raise ConfigError(
            f"--bus {name}: no such bus: choose one that the configuration has: {known}"
        )
    return buses


def _the_one(buses: "list[BusTable]") -> "BusTable":
    from ipc.errors import ConfigError

    if len(buses) > 1:
        names = ", ".join(bus.name for bus in buses)
        raise ConfigError(f"one process reads one bus: choose with --bus among {names}")
    return buses[0]


def _check(config: "Config", buses: "list[BusTable]") -> int:
    from sampler import check

    for bus in buses:
        print("\n".join(check.describe(config, check.plan_bus(bus))))
        if not Path(bus.port).exists():
            print(f"  note: {bus.port} is not there now; `run` would wait for it")
    return 0


def _run(config: "Config", table: "BusTable", stop: Stop) -> int:
    import os

    from ipc import log
    from ipc.clock import SystemClock
    from ipc.notify import Notify
    from ipc.shm import SegmentWriter
    from ipc.statusfile import StatusFile
    from sampler import realtime
    from sampler.assembly import meters_of
    from sampler.bus import SerialBus
    from sampler.check import plan_bus
    from sampler.loop import Loop
    from sampler.report import Report
    from sampler.status import Status
    from sampler.tick import Ticker

    clock = SystemClock(stop)
    notify = Notify(os.environ, clock=clock)
    planned = plan_bus(table)
    logger = log.set_up(config.log, process="sampler").bind(bus=table.name)
    bus = SerialBus(table, wire=planned.wire, clock=clock, stop=stop)
    meters = meters_of(planned, bus=bus, clock=clock)
    file = StatusFile(config.sampler_status_path(table), clock=clock, log=logger)
    status = Status(planned, file=file)
    path, capacity = config.ring_path(table), config.ring.capacity
    with (
        SegmentWriter.open(path, capacity=capacity, clock=clock) as ring,
        _slack(
            config,
            planned,
            meters,
            bus,
            status=status,
            log=logger,
            clock=clock,
            stop=stop,
        ) as slack,
    ):
        try:
            bus.open()  # a port that is not there is reported with its first sample
            logger.info("sampler_started", port=table.port, rate_hz=table.rate_hz)
            realtime.prepare(config.realtime, logger)
            Loop(
                ticker=Ticker(start_ns=clock.monotonic_ns(), rate_hz=table.rate_hz),
                meters=meters,
                ring=ring,
                report=Report(log=logger, clock=clock, status=status),
                notify=notify,
                clock=clock,
                stop=stop,
                slack=slack,
            ).run()
            logger.info("sampler_stopped")
        finally:
            bus.close()
            status.close()
            notify.close()
    return 0


@contextlib.contextmanager
def _slack(
    config: "Config",
    planned: "BusPlan",
    meters: "list[Meter]",
    bus: "SerialBus",
    *,
    status: "Status",
    log: "Logger",
    clock: "Clock",
    stop: Stop,
) -> "Iterator[Slack | None]":
    """Serve the meters that sign by themselves between ticks; None: there is none.

    Whoever owns the ring owns the channel: the ring is opened before.
    """
    from ipc.config import Signing

    if all(meter.table.signing is not Signing.METER for meter in planned.meters):
        yield None
        return
    from ipc.channel import ChannelServer
    from sampler.signing.kinds import arbiter_of
    from sampler.slack import Slack
    from sampler.verbreport import VerbReport

    channel = ChannelServer(config.channel_path(planned.table))
    try:
        yield Slack(
            arbiter=arbiter_of(planned, meters),
            channel=channel,
            bus=bus,
            report=VerbReport(log=log, clock=clock, watcher=status.procedure),
            clock=clock,
            stop=stop,
        )
    finally:
        channel.close()


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""powermeter-sampler: the command line.

Its imports are late on purpose: the signal handlers are in place within the first
milliseconds, so that a stop during start-up is as orderly as any other.
"""

import argparse
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ipc.pipe import until_closed
from ipc.stop import Stop

if TYPE_CHECKING:
    from ipc.config import BusTable, Config

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
        from sampler import service

        service.run(loaded, _the_one(_chosen(loaded, arguments.bus)), stop)
    except (IpcError, SamplerError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        print(f"powermeter-sampler: {reason or error}", file=sys.stderr)
        return 2
    return 0


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


if __name__ == "__main__":
    sys.exit(main())

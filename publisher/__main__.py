# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher: the command line.

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
    from ipc.config import Config

TOOLS = {
    "verify": ("say whether an OCMF record is valid, and why", "publisher.verify"),
    "keygen": ("make a signing key", "publisher.keygen"),
    "adopt-key": ("let another key sign from now on", "publisher.adopt"),
    "transactions": ("show what the journal holds", "publisher.transactions"),
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
        if name == "check":
            command.add_argument(
                "--live",
                action="store_true",
                help="look at meters, broker and EVerest as they are now",
            )
            command.add_argument(
                "--json", action="store_true", help="with --live: for scripts"
            )
    tool: ModuleType | None = None
    for name, (what, module) in TOOLS.items():
        command = commands.add_parser(name, help=what, description=what)
        if name in sys.argv[1:2]:
            tool = importlib.import_module(module)
            tool.add_arguments(command)
    arguments = parser.parse_args()
    if arguments.command == "run":
        return _on_config(arguments, stop)
    if tool is None:
        return until_closed(lambda: _on_config(arguments, stop))
    return until_closed(lambda: tool.run(arguments))


def _on_config(arguments: argparse.Namespace, stop: Stop) -> int:
    from ipc import config
    from ipc.errors import IpcError
    from publisher import check
    from publisher.errors import PublisherError

    try:
        loaded = config.load(arguments.config)
        check.refuse(loaded)
        if arguments.command == "check" and arguments.live:
            return _inspect(loaded, stop, as_json=arguments.json)
        if arguments.command == "check":
            check.refuse_key(loaded)
            print("\n".join(check.describe(loaded)))
            return 0
        from publisher import service

        service.run(loaded, stop)
    except (IpcError, PublisherError) as error:
        print(f"powermeter-publisher: {error}", file=sys.stderr)
        return 2
    return 0


def _inspect(config: "Config", stop: Stop, *, as_json: bool) -> int:
    import msgspec

    from ipc.clock import SystemClock
    from publisher.live import finding
    from publisher.live.inspection import inspect

    findings = inspect(config, clock=SystemClock(stop), stop=stop)
    if as_json:
        print(msgspec.json.encode(findings).decode())
    else:
        print("\n".join(finding.render(findings)))
    return finding.exit_status(findings)


if __name__ == "__main__":
    sys.exit(main())

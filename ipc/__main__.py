# SPDX-License-Identifier: Apache-2.0
"""powermeter-watch: look into the live rings, read-only, without a broker.

Exit status: 0 every meter is healthy, 1 one is not, 2 it could not look at all.
"""

import argparse
import sys
from pathlib import Path

import msgspec

from ipc import config
from ipc.clock import SystemClock
from ipc.errors import ConfigError
from ipc.stop import Stop
from ipc.units import NS_PER_S
from ipc.view import lines, live
from ipc.watch import Watch

HEALTHY, UNHEALTHY, UNABLE = 0, 1, 2
REFRESH_NS = NS_PER_S // 4


def main() -> int:
    """Parse the command line and do what it says; give the exit status."""
    stop = Stop.on_signals()
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.json and not arguments.once:
        parser.error("--json needs --once")
    clock = SystemClock(stop)
    try:
        watch = Watch(config.load(arguments.config), clock)
    except ConfigError as error:
        print(f"powermeter-watch: {error}", file=sys.stderr)
        return UNABLE
    if not arguments.once:
        return _live(watch, clock, stop)
    report = watch.look()
    if arguments.json:
        print(msgspec.json.encode(report).decode())
    else:
        print("\n".join(lines(report)))
    return HEALTHY if report.healthy else UNHEALTHY


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="powermeter-watch",
        description="Shows what is in the rings now. It only reads.",
        epilog="Exit status: 0 every meter is healthy, 1 one is not, 2 unable to look.",
    )
    parser.add_argument("config", type=Path, help="the TOML file")
    parser.add_argument("--once", action="store_true", help="look once and end")
    parser.add_argument("--json", action="store_true", help="with --once: for scripts")
    return parser


def _live(watch: Watch, clock: SystemClock, stop: Stop) -> int:
    """Show what changes until a stop is requested."""
    try:
        from rich.live import Live
    except ImportError:
        print(
            "powermeter-watch: the live view needs rich: install"
            " 'everest-powermeter[demo]', or use --once",
            file=sys.stderr,
        )
        return UNABLE
    report = watch.look()
    with Live(live(report), auto_refresh=False, screen=sys.stdout.isatty()) as screen:
        while not stop.requested:
            clock.wait_until(clock.monotonic_ns() + REFRESH_NS)
            report = watch.look()
            screen.update(live(report), refresh=True)
    return HEALTHY if report.healthy else UNHEALTHY


if __name__ == "__main__":
    sys.exit(main())

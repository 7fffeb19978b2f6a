# SPDX-License-Identifier: Apache-2.0
"""powermeter-watch: look into the live rings, read-only, without a broker.

Exit status: 0 every meter is healthy, 1 one is not, 2 it could not look at all.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ipc.pipe import until_closed
from ipc.stop import Stop

if TYPE_CHECKING:
    from ipc.clock import Clock
    from ipc.watch.look import Watch
    from ipc.watch.report import Report

HEALTHY, UNHEALTHY, UNABLE = 0, 1, 2

STDIN, STDOUT = 0, 1

LIVE_S, TEXTFILE_S = 1.0, 15.0
"""Between two looks, unless --refresh says otherwise."""

LOOPBACK = "127.0.0.1"


def main() -> int:
    """Parse the command line and do what it says; give the exit status."""
    stop = Stop.on_signals()
    parser = build_parser()
    arguments = parser.parse_args()
    if arguments.json and not arguments.once:
        parser.error("--json needs --once: add it")
    if arguments.metrics and arguments.once:
        parser.error("--metrics serves until it is stopped: leave --once out")
    return until_closed(lambda: _watch(arguments, stop))


def build_parser() -> argparse.ArgumentParser:
    """Give the command line; the shells' completions are made from it too."""
    parser = argparse.ArgumentParser(
        prog="powermeter-watch",
        description="Shows how the meters, the bus and the way to EVerest are now."
        " It only reads.",
        epilog="Exit status: 0 every meter is healthy, 1 one is not, 2 unable to look.",
    )
    parser.add_argument("config", type=Path, help="the TOML file")
    parser.add_argument("--once", action="store_true", help="look once and end")
    parser.add_argument("--json", action="store_true", help="with --once: for scripts")
    parser.add_argument(
        "--metrics",
        type=_address,
        metavar="[HOST:]PORT",
        help=f"serve metrics to Prometheus; HOST is {LOOPBACK} if it is left out",
    )
    parser.add_argument(
        "--textfile",
        type=Path,
        metavar="FILE",
        help="keep metrics in a .prom file for node_exporter; with --once: write it",
    )
    parser.add_argument(
        "--refresh",
        type=_seconds,
        metavar="SECONDS",
        help=f"between two looks: {LIVE_S:g}, of --textfile {TEXTFILE_S:g}",
    )
    return parser


def _watch(arguments: argparse.Namespace, stop: Stop) -> int:
    from ipc import config
    from ipc.clock import SystemClock
    from ipc.errors import ConfigError
    from ipc.watch.look import Watch

    clock = SystemClock(stop)
    try:
        watch = Watch(config.load(arguments.config), clock)
    except ConfigError as error:
        return _unable(str(error))
    with contextlib.closing(watch):
        if arguments.metrics or arguments.textfile:
            return _export(arguments, watch, clock, stop)
        if arguments.once:
            report = watch.look()
            _print(report, as_json=arguments.json)
        else:
            report = _live(arguments, watch, clock, stop)
    return HEALTHY if report.healthy else UNHEALTHY


def _print(report: "Report", *, as_json: bool) -> None:
    import msgspec

    from ipc.watch.lines import lines

    if as_json:
        print(msgspec.json.encode(report).decode(), flush=True)
    else:
        print("\n".join(lines(report)), flush=True)


def _live(
    arguments: argparse.Namespace, watch: "Watch", clock: "Clock", stop: Stop
) -> "Report":
    """Show what changes until `q` or a stop; print where nothing can be drawn."""
    from ipc.watch.live import Live, repeat
    from ipc.watch.screen import Terminal, keys_at_once

    refresh_s = arguments.refresh or LIVE_S
    if not os.isatty(STDOUT) or os.environ.get("TERM") == "dumb":
        return repeat(
            watch.look,
            lambda report: _print(report, as_json=False),
            refresh_s=refresh_s,
            clock=clock,
            stop=stop,
        )
    keys = STDIN if os.isatty(STDIN) else None
    with contextlib.ExitStack() as restoring:
        if keys is not None:
            restoring.enter_context(keys_at_once(keys))
        return Live(
            watch.look,
            terminal=restoring.enter_context(Terminal(STDOUT)),
            keys=keys,
            refresh_s=refresh_s,
            clock=clock,
            stop=stop,
        ).run()


def _export(
    arguments: argparse.Namespace, watch: "Watch", clock: "Clock", stop: Stop
) -> int:
    """Serve or write metrics until a stop; with --once, write them once."""
    try:
        from ipc.watch import exporter
    except ImportError:
        return _unable(
            "metrics need prometheus-client: install 'everest-powermeter[metrics]'"
        )
    from ipc.watch.live import repeat

    metrics = exporter.registry(watch.look)

    def write(_: object = None) -> None:
        if arguments.textfile:
            exporter.write(metrics, arguments.textfile)

    try:
        write()
        if arguments.once:
            return HEALTHY
        with contextlib.ExitStack() as serving:
            if arguments.metrics:
                host, port = arguments.metrics
                port = serving.enter_context(exporter.serving(metrics, host, port))
                print(f"metrics on {host} port {port}", flush=True)
            refresh_s = arguments.refresh or TEXTFILE_S
            repeat(lambda: None, write, refresh_s=refresh_s, clock=clock, stop=stop)
    except OSError as error:
        return _unable(
            f"--metrics, --textfile: {error}: choose another address or file"
        )
    return HEALTHY


def _unable(reason: str) -> int:
    print(f"powermeter-watch: {reason}", file=sys.stderr)
    return UNABLE


def _address(text: str) -> tuple[str, int]:
    """Read PORT, HOST:PORT or [HOST]:PORT."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(
            f"{text!r}: the port must be 0 (any that is free) to 65535"
        )
    return host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r}: must be 0.1 to 3600 seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())

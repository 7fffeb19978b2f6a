# SPDX-License-Identifier: Apache-2.0
"""`powermeter-sampler scan`: which meters are on a line, and how to reach them."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from ipc.clock import Clock, SystemClock
from ipc.stop import Stop
from sampler import registermap
from sampler.bus import SerialBus
from sampler.errors import PortError, ProfileError
from sampler.fault import Bus
from sampler.registermap import Profile
from sampler.timing import Timing
from sampler.tools import findings, line, progress
from sampler.tools.advice import explain_port
from sampler.tools.line import LineSettings
from sampler.tools.scanner import Scan
from sampler.tools.search import (
    BAUDRATES,
    PARITIES,
    UNITS,
    Search,
    line_settings,
    timeout_s,
)

FAILED = 1
"""The exit status when no meter was found, or the port failed."""

INTERRUPTED = 130
"""The exit status after Ctrl-C, as of any program a shell runs: 128 + SIGINT."""

T = TypeVar("T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what run() reads."""
    parser.add_argument("port", help="such as /dev/ttyUSB0")
    parser.add_argument(
        "--baudrates", type=_list(line.baudrate), default=list(BAUDRATES), metavar="N,N"
    )
    parser.add_argument(
        "--parities",
        type=_list(line.parity),
        default=list(PARITIES),
        metavar="P,P",
        help="of none, even, odd",
    )
    parser.add_argument(
        "--stopbits",
        type=int,
        choices=(1, 2),
        default=1,
        help="1 (the default) also hears and reaches meters that are set to 2",
    )
    parser.add_argument(
        "--units", type=units, default=list(UNITS), metavar="1-10,20", help="unit ids"
    )
    parser.add_argument("--json", action="store_true", help="for scripts")


def run(args: argparse.Namespace, *, stop: Stop) -> int:
    """Scan and print; give the exit status.

    What was found goes to stdout at the end, or at the stop; how it goes, to stderr.
    """
    profiles = _profiles()
    settings = line_settings(args.baudrates, args.parities, args.stopbits)
    search = Search(settings, args.units)
    _tell(
        f"{args.port}: {len(args.units)} unit ids at each of {len(settings)} settings"
        f" of the line, at most about {duration(search.expected_s)}."
        " Ctrl-C ends it and shows what was found."
    )
    with progress.shown(search.total) as shown:
        scan = Scan(
            search,
            connect=_Opener(args.port, SystemClock(stop), stop),
            profiles=profiles,
            progress=shown,
            stop=stop,
        )
        try:
            scan.run()
        except PortError as error:
            _tell(f"powermeter-sampler: {explain_port(error, args.port)}")
            return FAILED
    lines = _as_data if args.json else _as_text
    sys.stdout.writelines(f"{text}\n" for text in lines(args.port, scan, profiles))
    return _verdict(args, scan, stop)


def units(text: str) -> list[int]:
    """Read unit ids and ranges of them, such as 1-10,20 (for argparse)."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low = line.unit_id(first)
        high = line.unit_id(last) if dash else low
        if high < low:
            raise argparse.ArgumentTypeError(f"{part!r}: must count up, such as 1-10")
        found += range(low, high + 1)
    return sorted(set(found))


def duration(seconds: float) -> str:
    """Say how long, as a person would.

    >>> duration(3.2), duration(75), duration(600)
    ('4 s', '1 min 15 s', '10 min')
    """
    minutes, rest = divmod(int(seconds) + 1, 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min" if minutes >= 5 else f"{minutes} min {rest} s"


class _Opener:
    """Opens the port at a setting; one at a time, because it is ours alone."""

    def __init__(self, port: str, clock: Clock, stop: Stop) -> None:
        self._port = port
        self._clock = clock
        self._stop = stop

    @contextlib.contextmanager
    def __call__(self, settings: LineSettings, *, patient: bool) -> Iterator[Bus]:
        """Give the bus; if the port is not there, its reads say so."""
        bus = SerialBus(
            settings.table(self._port, timeout_s=timeout_s(settings, patient=patient)),
            wire=settings.wire,
            clock=self._clock,
            stop=self._stop,
            # What comes after a time-out is evidence here: it is not waited out.
            timing=Timing(settle_s=settings.wire.silence_s),
        )
        with contextlib.closing(bus):
            bus.open()
            yield bus


def _profiles() -> dict[str, Profile]:
    """Load all models; one that cannot be loaded is not recognised, no more."""
    profiles = {}
    for name in sorted(registermap.names()):
        with contextlib.suppress(ProfileError):
            profiles[name] = registermap.load(name)
    return profiles


def _as_text(port: str, scan: Scan, profiles: dict[str, Profile]) -> Iterator[str]:
    yield f"{len(scan.found)} meter{'s' * (len(scan.found) != 1)} found on {port}"
    for found in scan.found:
        yield f"  {findings.sentence(found, profiles)}"
    if scan.found:
        yield ""
        yield "# for the configuration"
        yield from findings.toml(scan.found, port)


def _as_data(port: str, scan: Scan, _: dict[str, Profile]) -> Iterator[str]:
    data = {
        "port": port,
        "meters": [findings.as_data(found) for found in scan.found],
        "disturbed": [
            {"baudrate": it.baudrate, "parity": it.parity, "unit_id": unit_id}
            for it, unit_id in scan.disturbed
        ],
    }
    yield msgspec.json.encode(data).decode()


def _verdict(args: argparse.Namespace, scan: Scan, stop: Stop) -> int:
    for settings, unit_id in scan.disturbed[:3]:
        _tell(
            f"something answers unit {unit_id} at {settings}, but not cleanly: two"
            " meters of one unit id, a second master, noise, or a setting that is"
            " nearly right: check these first"
        )
    if scan.fault:
        _tell(
            f"powermeter-sampler: {args.port} failed: {scan.fault.detail}: plug it in"
        )
        return FAILED
    if stop.requested:
        _tell("stopped before the end")
        return INTERRUPTED
    if not scan.found:
        _tell(
            "no meter answers. Check power, A and B (swap them), and that this is the"
            " adapter of the line: ls -l /dev/serial/by-id"
        )
        return FAILED
    return 0


def _list(item: Callable[[str], T]) -> Callable[[str], list[T]]:
    """Read items that commas separate (for argparse)."""
    return lambda text: list(dict.fromkeys(item(part) for part in text.split(",")))


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()

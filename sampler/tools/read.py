# SPDX-License-Identifier: Apache-2.0
"""`powermeter-sampler read`: one set of values of one meter, for a person on site.

It reads as the sampler does, with the same profile, plan and bus: what is shown
here is what `run` would store. It only ever reads.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from ipc import wiring
from ipc.clock import Clock, SystemClock
from ipc.config import MeterTable
from ipc.sample import Quality
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_US
from sampler import registermap
from sampler.assembly import meters_of
from sampler.check import plan_bus
from sampler.errors import PortError, ProfileError
from sampler.meter import Meter, Outcome
from sampler.registermap import Profile
from sampler.tick import Tick
from sampler.tools import display, line
from sampler.tools.advice import explain, explain_port
from sampler.tools.line import LineSettings
from sampler.tools.trace import Exchange, TracedBus

FAILED = 1
"""The exit status when there are no values, or not all of them."""

USAGE_ERROR = 2
"""The exit status of a command line that cannot be carried out."""

INTERRUPTED = 130
"""The exit status after Ctrl-C, as of any program a shell runs: 128 + SIGINT."""

TIMEOUT_S = 0.5
"""A person can wait; a meter that is busy with its display may need to be waited for."""

TRIES = 3
"""Readings until one is good: the first after opening a port may meet noise."""

LEARNING_TRIES = 8
"""The same while the meter refuses something: it is then asked for smaller blocks."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one `read` found out."""

    outcome: Outcome
    exchanges: list[Exchange]
    began_ns: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what run() reads."""
    parser.add_argument("model", help="name of the model, or path of a profile")
    parser.add_argument("--port", required=True, help="such as /dev/ttyUSB0")
    parser.add_argument(
        "--unit-id", type=line.unit_id, required=True, metavar="N", help="1 to 247"
    )
    parser.add_argument(
        "--baudrate",
        type=line.baudrate,
        metavar="N",
        help="default: as the maker sets it, where that is known, else 9600 8N1",
    )
    parser.add_argument(
        "--parity", type=line.parity, metavar="P", help="none, even or odd"
    )
    parser.add_argument("--stopbits", type=int, choices=(1, 2))
    parser.add_argument("--raw", action="store_true", help="show the frames as well")
    parser.add_argument("--json", action="store_true", help="for scripts")


def run(args: argparse.Namespace, *, stop: Stop) -> int:
    """Read and print; give the exit status.

    Values go to stdout, what went wrong and what to check to stderr.
    """
    try:
        profile = registermap.load(args.model)
    except ProfileError as error:
        return _fail([str(error)], status=USAGE_ERROR)
    settings = settings_of(args, profile)
    try:
        reading = _read(args, settings, stop)
    except PortError as error:
        return _fail([explain_port(error, args.port)], status=FAILED)
    if stop.requested:
        return INTERRUPTED
    if args.json:
        lines = [msgspec.json.encode(_as_data(args, settings, reading)).decode()]
    else:
        lines = list(_as_text(args, profile, settings, reading))
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return _verdict(args, settings, reading.outcome)


def settings_of(args: argparse.Namespace, profile: Profile) -> LineSettings:
    """Give the serial settings: as asked, else the maker's, else 9600 8N1."""
    maker = profile.serial
    settings = LineSettings()
    if maker:
        settings = LineSettings(
            baudrate=maker.baudrate, parity=maker.parity, stopbits=maker.stopbits
        )
    asked = {
        key: value
        for key in ("baudrate", "parity", "stopbits")
        if (value := getattr(args, key)) is not None
    }
    return msgspec.structs.replace(settings, **asked)


def _read(args: argparse.Namespace, settings: LineSettings, stop: Stop) -> Reading:
    clock = SystemClock(stop)
    meter = MeterTable(
        name="meter", model=args.model, unit_id=args.unit_id, module_id="none"
    )
    table = settings.table(args.port, timeout_s=TIMEOUT_S, meters=(meter,))
    planned = plan_bus(table)
    bus = TracedBus(table, wire=planned.wire, clock=clock, stop=stop)
    with contextlib.closing(bus):
        bus.open()
        began_ns = clock.monotonic_ns()
        (reader,) = meters_of(planned, bus=bus, clock=clock)
        outcome = _until_good(reader, clock, stop)
    return Reading(outcome=outcome, exchanges=bus.exchanges, began_ns=began_ns)


def _until_good(meter: Meter, clock: Clock, stop: Stop) -> Outcome:
    number = 0
    while True:
        tick = Tick(number=number, deadline_ns=clock.monotonic_ns(), missed=0)
        outcome = meter.read(tick, lateness_us=0, overruns=0)
        number += 1
        refused = outcome.fault and outcome.fault.kind is Quality.REFUSED
        tries = LEARNING_TRIES if refused else TRIES
        if outcome.sample.is_good or stop.requested or number >= tries:
            return outcome


def _as_text(
    args: argparse.Namespace,
    profile: Profile,
    settings: LineSettings,
    reading: Reading,
) -> Iterator[str]:
    header, sample = profile.meter, reading.outcome.sample
    if args.raw:
        yield from _frames(reading)
        yield ""
    if not display.measured(sample):
        return
    yield f"{header.vendor} {header.model}, unit {args.unit_id} on {args.port}, {settings}"
    yield ""
    yield from display.table(
        sample, known=profile.registers, implausible=reading.outcome.implausible
    )
    yield ""
    yield "  power is positive while energy is drawn from the mains"
    for hint in wiring.hints(display.measured(sample), sample.phase_sequence):
        yield f"  look at the wiring: {hint}"


def _frames(reading: Reading) -> Iterator[str]:
    """Show what passed on the wire, each exchange on two lines."""
    for exchange in reading.exchanges:
        sent_ms = (exchange.sent_ns - reading.began_ns) / NS_PER_MS
        took_ms = (exchange.ended_ns - exchange.sent_ns) / NS_PER_MS
        yield f"  {sent_ms:9.1f} ms  request  {exchange.request.hex(' ')}"
        answer = exchange.answer.hex(" ") or "none"
        yield f"  {sent_ms + took_ms:9.1f} ms  answer   {answer}"


def _as_data(
    args: argparse.Namespace, settings: LineSettings, reading: Reading
) -> dict[str, Any]:
    outcome = reading.outcome
    data = {
        "model": args.model,
        "port": args.port,
        "unit_id": args.unit_id,
        "baudrate": settings.baudrate,
        "parity": settings.parity,
        "stopbits": settings.stopbits,
        "implausible": [quantity.value for quantity in outcome.implausible],
        **display.as_data(outcome.sample),
        "wiring": list(
            wiring.hints(
                display.measured(outcome.sample), outcome.sample.phase_sequence
            )
        ),
    }
    if args.raw:
        data["frames"] = [
            {
                "request": exchange.request.hex(),
                "answer": exchange.answer.hex(),
                "sent_us": (exchange.sent_ns - reading.began_ns) // NS_PER_US,
                "took_us": (exchange.ended_ns - exchange.sent_ns) // NS_PER_US,
            }
            for exchange in reading.exchanges
        ]
    return data


def _verdict(args: argparse.Namespace, settings: LineSettings, outcome: Outcome) -> int:
    if outcome.sample.is_good:
        return 0
    lines: list[str] = []
    if outcome.fault:
        lines += explain(
            outcome.fault,
            port=args.port,
            unit_id=args.unit_id,
            settings=settings,
            model=args.model,
        )
    if outcome.implausible:
        names = ", ".join(quantity.value for quantity in outcome.implausible)
        lines.append(
            f"cannot be true, so not shown: {names}; is it a {args.model}? choose what"
            f" powermeter-sampler scan {args.port} names"
        )
    return _fail(lines, status=FAILED)


def _fail(lines: list[str], *, status: int) -> int:
    sys.stderr.writelines(
        f"{'' if number else 'powermeter-sampler: '}{line}\n"
        for number, line in enumerate(lines)
    )
    return status

# SPDX-License-Identifier: Apache-2.0
"""`powermeter-sampler simulate`: one meter on a pseudo-terminal until stopped."""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import get_args

from ipc.clock import NS_PER_S, SystemClock
from ipc.config import Parity
from ipc.stop import Stop
from sampler.simulator import registry
from sampler.simulator.errors import OptionError, SimulatorError
from sampler.simulator.link import linked
from sampler.simulator.load import GREATEST_LOAD_W
from sampler.simulator.meter import Meter
from sampler.simulator.server import Server
from sampler.simulator.variant import KeySize, Variant
from sampler.simulator.wire import Line

USAGE_ERROR = 2
"""The exit status of a command line that cannot be carried out."""

LONGEST_S = 1e9
"""Of a power cut and the time before it: thirty years."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what run() reads."""
    parser.add_argument("model", help="name of the model, or path of a profile")
    parser.add_argument(
        "--link", type=Path, metavar="PATH", help="a symbolic link to the terminal"
    )
    parser.add_argument("--unit-id", type=int, default=1, metavar="N", help="1 to 247")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="the same seed, the same meter"
    )
    parser.add_argument(
        "--load-kw", type=float, default=11.0, metavar="X", help="power after the ramp"
    )
    parser.add_argument("--baudrate", type=int, default=9600, metavar="N")
    parser.add_argument(
        "--parity", default=Parity.NONE.value, metavar="P", help="none, even or odd"
    )
    parser.add_argument("--stopbits", type=int, default=1, metavar="N", help="1 or 2")
    parser.add_argument(
        "--power-cut-after", type=float, metavar="S", help="seconds from the start"
    )
    parser.add_argument("--power-cut-for", type=float, default=1.0, metavar="S")
    _add_variants(parser)


def _add_variants(parser: argparse.ArgumentParser) -> None:
    """Declare what only some of the meters that sign have."""
    parser.add_argument(
        "--key-size", choices=get_args(KeySize), help="of an EM580, in bits"
    )
    parser.add_argument(
        "--pad-byte",
        type=_hexadecimal,
        metavar="HH",
        help="of an EM580: what fills the last word of a record, in hex",
    )
    parser.add_argument(
        "--non-minimal-der",
        action="store_true",
        help="of a WM3M4C: signatures with zeros that DER forbids",
    )


def _hexadecimal(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r}: must be a byte of two hexadecimal digits"
        ) from None


def run(args: argparse.Namespace, *, stop: Stop) -> int:
    """Serve until the stop; give the exit status.

    Prints one line on stdout when the meter answers, or one on stderr when it
    cannot be made as asked (status 2).
    """
    try:
        _check(args)
        meter = _meter(args)
        line = Line(
            baudrate=args.baudrate,
            parity=Parity(args.parity),
            stopbits=args.stopbits,
        )
        with contextlib.ExitStack() as stack:
            clock = SystemClock(stop)
            server = stack.enter_context(
                Server([meter], line=line, clock=clock, stop=stop)
            )
            ready = f"{args.model} unit {args.unit_id} answers on {server.path}"
            if args.link is not None:
                stack.enter_context(linked(args.link, server.path))
                ready += f" (link {args.link})"
            sys.stdout.write(f"{ready}\n")
            sys.stdout.flush()
            server.serve()
    except SimulatorError as error:
        sys.stderr.write(f"powermeter-sampler: {error}\n")
        return USAGE_ERROR
    return 0


def _meter(args: argparse.Namespace) -> Meter:
    variant = Variant(
        key_size=args.key_size,
        pad_byte=args.pad_byte,
        non_minimal_der=args.non_minimal_der,
    )
    meter = Meter(
        registry.find(args.model, variant),
        unit_id=args.unit_id,
        seed=args.seed,
        load_w=1000 * args.load_kw,
    )
    if args.power_cut_after is not None:
        meter.cut_power(
            at_ns=round(NS_PER_S * args.power_cut_after),
            for_ns=round(NS_PER_S * args.power_cut_for),
        )
    return meter


def _check(args: argparse.Namespace) -> None:
    _within("--unit-id", args.unit_id, 1, 247)
    _within("--seed", args.seed, 0, 2**63 - 1)
    _within("--load-kw", args.load_kw, 0, GREATEST_LOAD_W / 1000)
    _within("--baudrate", args.baudrate, 1200, 1_000_000)
    _within("--stopbits", args.stopbits, 1, 2)
    _within("--power-cut-after", args.power_cut_after or 0, 0, LONGEST_S)
    _within("--power-cut-for", args.power_cut_for, 0, LONGEST_S)
    _within("--pad-byte", args.pad_byte or 0, 0, 0xFF)
    if args.parity not in set(Parity):
        raise OptionError(f"--parity {args.parity}: must be one of {', '.join(Parity)}")


def _within(option: str, value: float, least: float, greatest: float) -> None:
    # A NaN is within no bounds.
    if not least <= value <= greatest:
        raise OptionError(f"{option} {value}: must be {least:g} to {greatest:g}")

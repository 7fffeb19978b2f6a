# SPDX-License-Identifier: Apache-2.0
"""The serial settings a person names on the command line, as a bus to read from."""

import argparse

import msgspec

from ipc.config import BusTable, MeterTable, Parity
from sampler.check import wire_of
from sampler.wire import Wire

NO_RATE_HZ = 0.001
"""Nobody asks for a rate here; every wire carries this one."""


class LineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the characters stand on the wire; eight data bits, as RTU has them."""

    baudrate: int = 9600
    parity: Parity = Parity.NONE
    stopbits: int = 1

    def __str__(self) -> str:
        return f"{self.baudrate} baud 8{self.parity.value[0].upper()}{self.stopbits}"

    @property
    def wire(self) -> Wire:
        """Give what such a line can carry."""
        return wire_of(self.table("", timeout_s=0))

    def table(
        self, port: str, *, timeout_s: float, meters: tuple[MeterTable, ...] = ()
    ) -> BusTable:
        """Give the table of a bus that no configuration file describes.

        It may have no meters: a search does not know any yet.
        """
        return BusTable(
            name="line",
            port=port,
            meter=list(meters),
            baudrate=self.baudrate,
            parity=self.parity,
            stopbits=self.stopbits,
            rate_hz=NO_RATE_HZ,
            timeout_s=timeout_s,
        )


def baudrate(text: str) -> int:
    """Read a baud rate of 1200 to 1000000 (for argparse)."""
    return bounded(text, 1200, 1_000_000)


def unit_id(text: str) -> int:
    """Read a unit id of 1 to 247 (for argparse)."""
    return bounded(text, 1, 247)


def parity(text: str) -> Parity:
    """Read none, even or odd (for argparse)."""
    try:
        return Parity(text)
    except ValueError:
        known = ", ".join(Parity)
        raise argparse.ArgumentTypeError(f"{text!r}: must be one of {known}") from None


def bounded(text: str, least: int, greatest: int) -> int:
    """Read a whole number within its bounds (for argparse)."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    if is_number and least <= int(text) <= greatest:
        return int(text)
    bounds = f"{least} to {greatest}"
    raise argparse.ArgumentTypeError(f"{text!r}: must be a whole number of {bounds}")

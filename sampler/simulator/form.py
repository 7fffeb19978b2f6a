# SPDX-License-Identifier: Apache-2.0
"""Numbers and texts to registers: the writing side of every encoding of a profile.

Written apart from the reading side (sampler.encoding, sampler.decoder), and by other
means, so that a mistake of one is not made by the other too.
"""

import math
import struct
from typing import Protocol

import msgspec

GREATEST_MANTISSA = 0x7FFFFF
"""Of Iskra's T6; T5 could hold twice as much."""


class Packs(Protocol):
    """Whatever turns a number into registers."""

    @property
    def words(self) -> int:
        """How many registers it takes."""
        ...

    def pack(self, number: float) -> bytes:
        """Give the registers' bytes."""
        ...


class Scaled(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a quantity: divided by its scale, then written.

    name   an encoding of a profile: uint16 .. float64, iskra-t5, iskra-t6
    floor  whether a count is rounded down, as a counter does, and not to the nearest
    """

    name: str
    scale: float = 1.0
    low_first: bool = False
    floor: bool = False

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return 2 if self.name.startswith("iskra") else int(self.name[-2:]) // 16

    def pack(self, number: float) -> bytes:
        """Give the registers' bytes; a count out of range is the nearest that fits."""
        count = number / self.scale
        if self.name.startswith("iskra"):
            data = _iskra(count)
        elif self.name.startswith("float"):
            data = struct.pack(">f" if self.words == 2 else ">d", count)
        else:
            whole = math.floor(count) if self.floor else round(count)
            data = self._integer(whole)
        return _reversed_words(data) if self.low_first else data

    @property
    def least(self) -> int:
        """The least count of an integer."""
        return 0 if self.name.startswith("u") else -(1 << (16 * self.words - 1))

    @property
    def greatest(self) -> int:
        """The greatest count; the one above stands for "not available"."""
        return self.least + (1 << (16 * self.words)) - 2

    def _integer(self, count: int) -> bytes:
        fitting = min(max(count, self.least), self.greatest)
        return fitting.to_bytes(2 * self.words, "big", signed=self.least < 0)


class Fixed(msgspec.Struct, frozen=True, kw_only=True):
    """Registers that always hold the same, whatever the number."""

    data: bytes

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return len(self.data) // 2

    def pack(self, number: float) -> bytes:  # noqa: ARG002 - the protocol's
        """Give the registers' bytes."""
        return self.data


def text(characters: str, *, words: int, low: bool) -> Fixed:
    """Make a text, NUL padded: two characters a register, or one in the low byte."""
    encoded = characters.encode("ascii")
    if low:
        encoded = b"".join(bytes((0, each)) for each in encoded)
    return Fixed(data=encoded[: 2 * words].ljust(2 * words, b"\0"))


def _iskra(number: float) -> bytes:
    """Write exponent and mantissa with all the digits that fit."""
    exponent = -6
    while abs(round(number / 10.0**exponent)) > GREATEST_MANTISSA:
        exponent += 1
    mantissa = round(number / 10.0**exponent)
    return struct.pack(">b", exponent) + mantissa.to_bytes(3, "big", signed=True)


def _reversed_words(data: bytes) -> bytes:
    return b"".join(data[at : at + 2] for at in range(len(data) - 2, -2, -2))

# SPDX-License-Identifier: Apache-2.0
"""Registers that tell a model from another, and a meter from the next.

Each is read by itself: some meters (Carlo Gavazzi's code at 000Bh) show another
value at the same address when it is part of a block.
"""

import enum
import struct
from typing import Annotated

from msgspec import Meta, field

from ipc.toml import Table

LONGEST_TEXT = 16
"""Registers; SunSpec's strings are the longest of those known."""


class IdentityEncoding(enum.StrEnum):
    """How a code or a text stands in its registers, high word first.

    ascii      two characters a register, up to the first NUL
    ascii-low  one character a register, in the low byte (Carlo Gavazzi EM300)
    """

    UINT16 = "uint16"
    UINT32 = "uint32"
    ASCII = "ascii"
    ASCII_LOW = "ascii-low"

    @property
    def is_text(self) -> bool:
        """Whether its length must be told."""
        return self in (IdentityEncoding.ASCII, IdentityEncoding.ASCII_LOW)


class IdentityRegister(Table, frozen=True, kw_only=True):
    """Where a code or a text stands. length: registers, for a text only."""

    function_code: Annotated[int, Meta(ge=3, le=4)]
    address: Annotated[int, Meta(ge=0, le=0xFFFF)]
    encoding: IdentityEncoding
    length: Annotated[int, Meta(ge=1, le=LONGEST_TEXT)] = 1

    @property
    def words(self) -> int:
        """Registers to read."""
        if self.encoding.is_text:
            return self.length
        return 2 if self.encoding is IdentityEncoding.UINT32 else 1

    def value(self, data: bytes) -> int | str:
        """Read what stands in its 2 x words bytes, whatever they are.

        A text ends at the first NUL; a byte that is no ASCII becomes "?".
        """
        match self.encoding:
            case IdentityEncoding.ASCII:
                return _text(data)
            case IdentityEncoding.ASCII_LOW:
                return _text(data[1::2])
            case _:
                number: int = struct.unpack(">I" if self.words == 2 else ">H", data)[0]
                return number


class Mark(IdentityRegister, frozen=True, kw_only=True):
    """A register that shows one of these values on a meter of this model.

    A text that ends in "*" stands for every text that begins with the rest.
    """

    values: Annotated[list[int | str], Meta(min_length=1)]

    def matches(self, data: bytes) -> bool:
        """Whether the 2 x words bytes that a meter showed are of this model."""
        value = self.value(data)
        if isinstance(value, str):
            return any(_is_like(value, str(known)) for known in self.values)
        return value in self.values


class Identity(Table, frozen=True, kw_only=True):
    """[identity]: all marks hold on a meter of this model; its serial number."""

    marks: list[Mark] = field(default_factory=list)
    serial_number: IdentityRegister | None = None


def _is_like(value: str, known: str) -> bool:
    if known.endswith("*"):
        return value.startswith(known[:-1])
    return value == known


def _text(characters: bytes) -> str:
    text = characters.partition(b"\0")[0].decode("ascii", "replace")
    return text.replace("\N{REPLACEMENT CHARACTER}", "?").strip()

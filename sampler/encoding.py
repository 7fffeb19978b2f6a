# SPDX-License-Identifier: Apache-2.0
"""How a number stands in its registers, and which one means "not available"."""

import enum

TEN_LIMIT = 18
"""A decimal exponent beyond this is no exponent of a meter (SunSpec's go to 10)."""


class Encoding(enum.StrEnum):
    """How a number stands in its registers.

    The two of Iskra (WM3M4 manual 2.13, Modbus tables) hold a signed decimal
    exponent in the high byte and a mantissa in the other three: T5 unsigned, T6
    signed.
    """

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    ISKRA_T5 = "iskra-t5"
    ISKRA_T6 = "iskra-t6"

    @property
    def words(self) -> int:
        """Registers of 16 bits that one number takes."""
        return _WORDS[self]

    @property
    def code(self) -> str:
        """Give its struct code, once the words stand high word first."""
        return _CODES[self]

    @property
    def is_float(self) -> bool:
        """Whether it is an IEEE 754 number, which cannot be counted with exactly."""
        return self in (Encoding.FLOAT32, Encoding.FLOAT64)

    @property
    def has_own_exponent(self) -> bool:
        """Whether the decimal exponent stands inside."""
        return self in (Encoding.ISKRA_T5, Encoding.ISKRA_T6)


class WordOrder(enum.StrEnum):
    """Which 16-bit word of a longer number stands at the lower address."""

    HIGH_FIRST = "high-first"
    LOW_FIRST = "low-first"


class Unavailable(enum.StrEnum):
    """How a meter says that it does not have a value: which integer stands for it.

    largest  FFFF.. unsigned, 7FFF.. signed (ABB, Carlo Gavazzi)
    sunspec  FFFF.. unsigned, 8000.. signed (SunSpec Information Model)

    A float that is NaN says it under either.
    """

    LARGEST = "largest"
    SUNSPEC = "sunspec"

    def sentinel(self, encoding: Encoding) -> int | None:
        """Give that integer; None for floats and for Iskra's."""
        bits = 16 * encoding.words
        if encoding in _UNSIGNED:
            return (1 << bits) - 1
        if encoding in _SIGNED:
            half = 1 << (bits - 1)
            return -half if self is Unavailable.SUNSPEC else half - 1
        return None


def split(encoding: Encoding, word: int) -> tuple[int, int]:
    """Give mantissa and decimal exponent of a number that has its own exponent.

    >>> split(Encoding.ISKRA_T5, 0xFD01E240), split(Encoding.ISKRA_T6, 0x00FFFFFF)
    ((123456, -3), (-1, 0))
    """
    mantissa, exponent = word & 0xFFFFFF, word >> 24
    if encoding is Encoding.ISKRA_T6 and mantissa & 0x800000:
        mantissa -= 0x1000000
    return mantissa, exponent - 0x100 if exponent & 0x80 else exponent


_CODES = {
    Encoding.UINT16: "H",
    Encoding.INT16: "h",
    Encoding.UINT32: "I",
    Encoding.INT32: "i",
    Encoding.UINT64: "Q",
    Encoding.INT64: "q",
    Encoding.FLOAT32: "f",
    Encoding.FLOAT64: "d",
    Encoding.ISKRA_T5: "I",
    Encoding.ISKRA_T6: "I",
}

_CODE_WORDS = {"H": 1, "I": 2, "Q": 4, "F": 2, "D": 4}

_WORDS = {encoding: _CODE_WORDS[code.upper()] for encoding, code in _CODES.items()}

_UNSIGNED = (Encoding.UINT16, Encoding.UINT32, Encoding.UINT64)

_SIGNED = (Encoding.INT16, Encoding.INT32, Encoding.INT64)

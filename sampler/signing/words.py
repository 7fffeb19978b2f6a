# SPDX-License-Identifier: Apache-2.0
"""Numbers on their way into registers."""


def words(*numbers: int) -> bytes:
    """Give one register a number; a negative one in two's complement.

    >>> words(1, -60).hex()
    '0001ffc4'
    """
    return b"".join((number & 0xFFFF).to_bytes(2) for number in numbers)


def long_high_first(number: int) -> bytes:
    """Give a number of 32 bits, its high word first."""
    return (number & 0xFFFF_FFFF).to_bytes(4)


def long_low_first(number: int) -> bytes:
    """Give a number of 64 bits, its low word first."""
    return words(*(number >> shift for shift in (0, 16, 32, 48)))

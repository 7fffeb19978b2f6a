# SPDX-License-Identifier: Apache-2.0
"""What a WM3M4C has signed: bytes of any number, and the two numbers of a signature."""

from collections.abc import Generator
from typing import Final

from sampler import procedure
from sampler.operation import Heard, Operation
from sampler.procedure import refused
from sampler.signing.record import P256_BYTES, lenient
from sampler.signing.table import IskraTable

HOLDING: Final = 3

PAIR_WORDS: Final = 2 * P256_BYTES // 2
"""Registers of two numbers of the curve: X and Y, or r and s."""


def read_bytes(
    table: IskraTable, address: int, size: int
) -> Generator[Operation, Heard, bytes]:
    """Read so many bytes: they end in the middle of a register if need be."""
    registers = yield from procedure.read_long(
        HOLDING, address, (size + 1) // 2, largest=table.largest_block
    )
    return registers[:size]


def signature(table: IskraTable) -> Generator[Operation, Heard, tuple[int, int]]:
    """Give r and s: as numbers, or else out of the firmware's own DER.

    That DER may have superfluous zeros, which no verifier takes. ProcedureError: it
    is none.
    """
    raw = yield from procedure.read(HOLDING, table.raw_signature, PAIR_WORDS)
    if any(raw):
        return int.from_bytes(raw[:P256_BYTES]), int.from_bytes(raw[P256_BYTES:])
    size = yield from procedure.read_number(HOLDING, table.signature_bytes)
    if size > 2 * table.signature.words:
        raise refused(f"the meter says that its signature has {size} bytes")
    numbers = lenient((yield from read_bytes(table, table.signature.address, size)))
    if numbers is None:
        raise refused("the meter's signature is none: correct signature_format")
    return numbers

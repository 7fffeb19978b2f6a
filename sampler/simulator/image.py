# SPDX-License-Identifier: Apache-2.0
"""The register image: what stands where, what may be read, what may be written.

A table is one address space (input registers, holding registers, or one that
several function codes share). Its spans say which addresses exist: inside a span a
register without a cell shows nothing (zero, or what the table says), outside it is an
illegal address. A meter that refuses holes has one span for each run of cells.
"""

import enum
import struct
from collections.abc import Callable, Sequence

import msgspec

from sampler.simulator.form import Packs
from sampler.simulator.frame import ExceptionCode
from sampler.simulator.load import LoadState


class Encoding(enum.Enum):
    """How a number stands in registers: most significant word first."""

    FLOAT32 = ">f"
    U32 = ">I"

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return struct.calcsize(self.value) // 2

    def pack(self, number: float) -> bytes:
        """Give the registers' bytes; integers are rounded."""
        value = number if self is Encoding.FLOAT32 else round(number)
        return struct.pack(self.value, value)

    def unpack(self, data: bytes) -> float:
        """Read the number from the registers' bytes."""
        number: float = struct.unpack(self.value, data)[0]
        return number


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A number that can be read, computed from the load at the time of the read."""

    address: int
    encoding: Packs
    value: Callable[[LoadState], float]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A number that FC16 may write, if it is one of those allowed."""

    address: int
    encoding: Encoding
    initial: float
    allowed: frozenset[float]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One address space and the function codes that read it.

    nothing  what a register without a cell shows
    """

    read_codes: frozenset[int]
    spans: tuple[range, ...]
    cells: tuple[Cell, ...]
    settings: tuple[Setting, ...] = ()
    nothing: bytes = bytes(2)


class Image:
    """A meter's tables, and what was written to them.

    It answers with data or with the reason of its refusal; it never raises for
    what a reader asks.
    """

    def __init__(self, tables: Sequence[Table]) -> None:
        """Take the tables; FC16 writes to the first that has settings."""
        self._by_code = {code: table for table in tables for code in table.read_codes}
        self._writable = next((table for table in tables if table.settings), None)
        self._written = {
            setting.address: setting.initial
            for table in tables
            for setting in table.settings
        }

    def read(
        self, function_code: int, address: int, count: int, state: LoadState
    ) -> bytes | ExceptionCode:
        """Give the bytes of `count` registers as they are in this state.

        A read that cuts a number in two is an illegal address: half a number is no
        number (so says Eastron's manual too).
        """
        table = self._by_code.get(function_code)
        if table is None:
            return ExceptionCode.ILLEGAL_FUNCTION
        end = address + count
        if not any(span.start <= address and end <= span.stop for span in table.spans):
            return ExceptionCode.ILLEGAL_ADDRESS
        data = bytearray(count * table.nothing)
        entries: tuple[Cell | Setting, ...] = (*table.cells, *table.settings)
        for entry in entries:
            entry_end = entry.address + entry.encoding.words
            if entry_end <= address or end <= entry.address:
                continue
            if entry.address < address or end < entry_end:
                return ExceptionCode.ILLEGAL_ADDRESS
            number = self._number(entry, state)
            start = 2 * (entry.address - address)
            data[start : start + 2 * entry.encoding.words] = entry.encoding.pack(number)
        return bytes(data)

    def write(self, address: int, data: bytes) -> ExceptionCode | None:
        """Change one setting; None says that it is done.

        One number a request, as Eastron's manual asks for.
        """
        if self._writable is None:
            return ExceptionCode.ILLEGAL_FUNCTION
        for setting in self._writable.settings:
            if setting.address == address and len(data) == 2 * setting.encoding.words:
                number = setting.encoding.unpack(data)
                if number not in setting.allowed:
                    return ExceptionCode.ILLEGAL_VALUE
                self._written[address] = number
                return None
        return ExceptionCode.ILLEGAL_ADDRESS

    def _number(self, entry: Cell | Setting, state: LoadState) -> float:
        match entry:
            case Cell():
                return entry.value(state)
            case Setting():
                return self._written[entry.address]

# SPDX-License-Identifier: Apache-2.0
"""A meter model as data: the types of a profile, and load().

Format and a worked example: meters/README.md. Addresses are 0-based, as on the wire.
"""

import enum
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ipc import toml
from ipc.errors import ConfigError
from ipc.sample import QUANTITIES, Quantity
from ipc.toml import Table
from sampler.errors import ProfileError

MODELS = Path(__file__).parent / "meters"


class Status(enum.StrEnum):
    """How well a profile's registers are known."""

    VENDOR_DOCUMENTED = "vendor-documented"
    TWO_SOURCES = "two-sources"
    INFERRED = "inferred"
    HARDWARE_VERIFIED = "hardware-verified"


class Encoding(enum.StrEnum):
    """How a value stands in its registers, most significant word first."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def words(self) -> int:
        """Registers of 16 bits that one value takes."""
        return int(self.value[-2:]) // 16


class MeterHeader(Table, frozen=True, kw_only=True):
    """[meter]: which model this is, and who says so.

    function_code  3 (holding) or 4 (input): the one that reads the live values
    signs          whether the meter itself signs a transaction's record
    """

    vendor: Annotated[str, Meta(min_length=1)]
    model: Annotated[str, Meta(min_length=1)]
    status: Status
    sources: Annotated[list[str], Meta(min_length=1)]
    function_code: Annotated[int, Meta(ge=3, le=4)]
    signs: bool = False


class Limits(Table, frozen=True, kw_only=True):
    """[limits]: what the device bears.

    largest_block  registers of one read (125 by the Modbus specification, V1.1b3 §6.3)
    turnaround_ms  from the end of a request to the start of its answer, as planned for
    """

    largest_block: Annotated[int, Meta(ge=4, le=125)] = 125
    turnaround_ms: Annotated[float, Meta(ge=0, le=1000)] = 20.0


class Register(Table, frozen=True, kw_only=True):
    """Where a quantity stands, and what one count of it is worth.

    scale  quantity = count x scale; for an energy a whole number of mWh a count
    """

    address: Annotated[int, Meta(ge=0, le=0xFFFF)]
    encoding: Encoding
    scale: Annotated[float, Meta(gt=0, le=1e12)] = 1.0

    @property
    def end(self) -> int:
        """Address of the first register behind it."""
        return self.address + self.encoding.words


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One model: header, limits, one register a quantity. Absent means absent."""

    meter: MeterHeader
    limits: Limits
    registers: dict[Quantity, Register]


class _File(Table, frozen=True, kw_only=True):
    """The file as it is written; its registers are checked one by one."""

    meter: MeterHeader
    registers: Annotated[dict[str, dict[str, Any]], Meta(min_length=1)]
    limits: Limits = Limits()


def load(model: str) -> Profile:
    """Load a model by its name, or a profile of the user's own by its path.

    A name with a slash or the ending .toml is a path. Raises ProfileError.
    """
    if "/" in model or model.endswith(".toml"):
        path = Path(model)
    else:
        path = MODELS / f"{model}.toml"
        if not path.is_file():
            known = ", ".join(sorted(names()))
            raise ProfileError(f"unknown model {model!r}; known models: {known}")
    try:
        file = toml.load(path, _File)
        registers = dict(_registers(path, file))
    except ConfigError as error:
        raise ProfileError(str(error)) from None
    return Profile(meter=file.meter, limits=file.limits, registers=registers)


def names() -> list[str]:
    """Give the models that come with the package."""
    return [path.stem for path in MODELS.glob("*.toml")]


def _registers(path: Path, file: _File) -> Iterator[tuple[Quantity, Register]]:
    for name, raw in file.registers.items():
        where = f"{path}: registers.{name}"
        if name not in QUANTITIES:
            guess = toml.did_you_mean(name, QUANTITIES)
            raise ProfileError(f"{where}: no such quantity{guess}")
        quantity, register = Quantity(name), toml.convert(raw, Register, where=where)
        if register.end > 0x10000:
            raise ProfileError(
                f"{where}: address = {register.address}: ends past 65535"
            )
        if quantity.is_energy and not register.scale.is_integer():
            raise ProfileError(
                f"{where}: scale = {register.scale!r}: an energy needs a whole number"
                " of mWh a count (1000000 for kWh)"
            )
        yield quantity, register

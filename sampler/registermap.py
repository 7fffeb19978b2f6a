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
from ipc.config import Parity
from ipc.errors import ConfigError
from ipc.sample import QUANTITIES, Quantity
from ipc.toml import Table
from sampler.encoding import Encoding, Unavailable, WordOrder
from sampler.errors import ProfileError
from sampler.identity import Identity
from sampler.signing.table import TransactionTable

MODELS = Path(__file__).parent / "meters"

Address = Annotated[int, Meta(ge=0, le=0xFFFF)]
FunctionCode = Annotated[int, Meta(ge=3, le=4)]
Text = Annotated[str, Meta(min_length=1)]


class Status(enum.StrEnum):
    """How well a profile's registers are known."""

    VENDOR_DOCUMENTED = "vendor-documented"
    TWO_SOURCES = "two-sources"
    INFERRED = "inferred"
    HARDWARE_VERIFIED = "hardware-verified"


class MeterHeader(Table, frozen=True, kw_only=True):
    """[meter]: which model this is, who says so, and what holds for its registers.

    function_code  3 (holding) or 4 (input), where a register does not say otherwise
    word_order     likewise
    unavailable    how it says "not available", if it does
    signs          whether the meter itself signs a transaction's record
    """

    vendor: Text
    model: Text
    status: Status
    sources: Annotated[list[str], Meta(min_length=1)]
    function_code: FunctionCode
    word_order: WordOrder = WordOrder.HIGH_FIRST
    unavailable: Unavailable | None = None
    signs: bool = False


class Limits(Table, frozen=True, kw_only=True):
    """[limits]: what the device bears.

    largest_block  registers of one read (125 by the Modbus specification, V1.1b3 §6.3)
    turnaround_ms  from the end of a request to the start of its answer, as planned for
    """

    largest_block: Annotated[int, Meta(ge=4, le=125)] = 125
    turnaround_ms: Annotated[float, Meta(ge=0, le=1000)] = 20.0


class Serial(Table, frozen=True, kw_only=True):
    """[serial]: the line as the maker sets it, where a source says so."""

    baudrate: Annotated[int, Meta(ge=1200, le=1_000_000)]
    parity: Parity = Parity.NONE
    stopbits: Annotated[int, Meta(ge=1, le=2)] = 1
    unit_id: Annotated[int, Meta(ge=1, le=247)] | None = None


class Part(Table, frozen=True, kw_only=True):
    """A second register whose number is added; a negative scale subtracts it."""

    address: Address
    encoding: Encoding
    scale: Annotated[float, Meta(ge=-1e12, le=1e12)]

    @property
    def end(self) -> int:
        """Address of the first register behind it."""
        return self.address + self.encoding.words


class Register(Table, frozen=True, kw_only=True):
    """Where a quantity stands, and what one count of it is worth.

    scale     quantity = count x scale; for an energy a whole number of mWh a count
    exponent  name of the register, in [exponents], of a power of ten on top of it
    plus      what is added to it, from the same read
    alone     must be the only quantity of its block
    optional  some meters of this model refuse it: it gets blocks of its own
    """

    address: Address
    encoding: Encoding
    scale: Annotated[float, Meta(gt=0, le=1e12)] = 1.0
    function_code: FunctionCode | None = None
    word_order: WordOrder | None = None
    exponent: str | None = None
    plus: Part | None = None
    alone: bool = False
    optional: bool = False

    @property
    def start(self) -> int:
        """Address of its first register."""
        return min(self.address, self.plus.address) if self.plus else self.address

    @property
    def end(self) -> int:
        """Address of the first register behind it."""
        own = self.address + self.encoding.words
        return max(own, self.plus.end) if self.plus else own


class Exponent(Table, frozen=True, kw_only=True):
    """A register that holds a power of ten: SunSpec's scale factors and the like."""

    address: Address
    encoding: Encoding = Encoding.INT16
    function_code: FunctionCode | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One model: header, limits, one register a quantity. Absent means absent."""

    meter: MeterHeader
    limits: Limits
    registers: dict[Quantity, Register]
    exponents: dict[str, Exponent] = msgspec.field(default_factory=dict)
    serial: Serial | None = None
    identity: Identity = Identity()
    transaction: TransactionTable | None = None


class _File(Table, frozen=True, kw_only=True):
    """The file as it is written; its registers are checked one by one.

    like  the model of ours whose tables stand in for those that are not written
    """

    meter: MeterHeader
    like: str | None = None
    registers: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    exponents: dict[str, Exponent] | None = None
    limits: Limits | None = None
    serial: Serial | None = None
    identity: Identity | None = None
    transaction: TransactionTable | None = None


def load(model: str) -> Profile:
    """Load a model by its name, or a profile of the user's own by its path.

    A name with a slash or the ending .toml is a path. Raises ProfileError.
    """
    is_path = "/" in model or model.endswith(".toml")
    path = Path(model) if is_path else _path(model)
    try:
        file = toml.load(path, _File)
        base = _base(path, file)
        registers = dict(_registers(path, file)) or (base.registers if base else {})
    except ConfigError as error:
        raise ProfileError(str(error)) from None
    profile = Profile(
        meter=file.meter,
        limits=file.limits or (base.limits if base else Limits()),
        registers=registers,
        exponents=file.exponents or (base.exponents if base else {}),
        serial=file.serial or (base.serial if base else None),
        identity=file.identity or (base.identity if base else Identity()),
        transaction=file.transaction or _inherited(base, file.meter),
    )
    if complaints := list(_complaints(profile)):
        raise ProfileError("\n".join(f"{path}: {each}" for each in complaints))
    return profile


def names() -> list[str]:
    """Give the models that come with the package."""
    return [path.stem for path in MODELS.glob("*.toml")]


def _path(model: str) -> Path:
    path = MODELS / f"{model}.toml"
    if not path.is_file():
        guess = toml.did_you_mean(model, names())
        raise ProfileError(
            f"unknown model {model!r}: choose one that `powermeter-sampler models`"
            f" lists, or give the path of a profile{guess}"
        )
    return path


def _base(path: Path, file: _File) -> Profile | None:
    """Load the model that this one is like; chains would be hard to read."""
    if file.like is None:
        return None
    where = f"{path}: like = {file.like!r}"
    if file.like not in names():
        guess = toml.did_you_mean(file.like, names())
        raise ProfileError(f"{where}: unknown model: choose one of ours{guess}")
    if toml.load(_path(file.like), _File).like is not None:
        raise ProfileError(f"{where}: is itself like another: name that one")
    return load(file.like)


def _inherited(base: Profile | None, header: MeterHeader) -> TransactionTable | None:
    """Give how the other one signs, if this one signs too."""
    return base.transaction if base and header.signs else None


def _registers(path: Path, file: _File) -> Iterator[tuple[Quantity, Register]]:
    for name, raw in file.registers.items():
        where = f"{path}: registers.{name}"
        if name not in QUANTITIES:
            guess = toml.did_you_mean(name, QUANTITIES)
            raise ProfileError(f"{where}: no such quantity{guess or ': remove it'}")
        yield Quantity(name), toml.convert(raw, Register, where=where)


def _complaints(profile: Profile) -> Iterator[str]:
    """Say what no single value shows."""
    if not profile.registers:
        yield "registers: must have one, or there must be a `like`"
    if profile.meter.signs != (profile.transaction is not None):
        yield "meter.signs: must be true with a [transaction], and false without"
    for quantity, register in profile.registers.items():
        for reason in _register_complaints(quantity, register, profile):
            yield f"registers.{quantity.value}: {reason}"
    for name, exponent in profile.exponents.items():
        if exponent.encoding.is_float or exponent.encoding.has_own_exponent:
            encoding = exponent.encoding.value
            yield f"exponents.{name}: encoding = {encoding!r}: must be an integer"


def _register_complaints(
    quantity: Quantity, register: Register, profile: Profile
) -> Iterator[str]:
    scales = [register.scale, *([register.plus.scale] if register.plus else [])]
    broken = [scale for scale in scales if not float(scale).is_integer()]
    if register.end > 0x10000:
        yield f"address = {register.address}: must end before 65536"
    if quantity.is_energy and broken:
        yield (
            f"scale = {broken[0]!r}: an energy's must be a whole number of mWh a count"
            " (1000000 for kWh)"
        )
    if register.exponent is not None and register.exponent not in profile.exponents:
        guess = toml.did_you_mean(register.exponent, profile.exponents)
        yield f"exponent = {register.exponent!r}: not in [exponents], add it{guess}"
    if register.end - register.start > profile.limits.largest_block:
        yield "plus: must fit into one block with it (limits.largest_block)"
    if register.plus and (
        register.encoding.has_own_exponent or register.plus.encoding.has_own_exponent
    ):
        yield "plus: must not go with an encoding that has its own exponent"

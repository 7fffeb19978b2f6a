# SPDX-License-Identifier: Apache-2.0
"""One ModDef point to one register of ours, or the reason why not.

The format: ModDef documentation, "Types & storage", "Transforms & scaling",
"Measurands" (docs.moddef.org).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from ipc.sample import Quantity
from sampler.encoding import Encoding, Unavailable, WordOrder
from sampler.errors import SamplerError

Point = Mapping[str, Any]


class UnmappableError(SamplerError, ValueError):
    """Why a point has no place in a profile; the text is the reason."""


class ExponentPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A register of a power of ten, and what it is called."""

    name: str
    address: int
    encoding: Encoding
    function_code: int


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """A point as a register of ours. scale: the quantity's unit a count."""

    quantity: Quantity
    function_code: int
    address: int
    encoding: Encoding
    word_order: WordOrder
    scale: Fraction
    exponent: ExponentPlace | None
    unavailable: frozenset[Unavailable] | None


def convert(point: Point, points: Mapping[str, Point]) -> Mapped:
    """Turn a point with a measurand into a register; raises UnmappableError.

    points: all of the device by their id, for what a point refers to.
    """
    quantity = _quantity(point.get("measurand", {}))
    if "selector_ref" in point:
        raise UnmappableError("its meaning depends on another register")
    mapping = point.get("mapping", {})
    encoding, at, exponent = _storage(point, mapping)
    transform = point.get("transform", {})
    if reference := transform.get("scale_ref"):
        exponent = _scale_factor(reference, points)
    return Mapped(
        quantity=quantity,
        function_code=function_code(mapping),
        address=at,
        encoding=encoding,
        word_order=_word_order(mapping),
        scale=_scale(quantity, point, transform),
        exponent=exponent,
        unavailable=_unavailable(point, encoding),
    )


def function_code(mapping: Point) -> int:
    """Give the code that reads the mapping's space; raises UnmappableError."""
    space = str(mapping.get("space"))
    try:
        return {"HOLDING_REGISTER": 3, "INPUT_REGISTER": 4}[space]
    except KeyError:
        raise UnmappableError(f"space {space}: not registers") from None


def address(mapping: Point) -> int:
    """Give the mapping's 0-based address; raises UnmappableError."""
    offset = mapping.get("offset")
    if "model_relative_offset" in mapping or not isinstance(offset, int):
        raise UnmappableError("its address is found at run time (SunSpec discovery)")
    return offset


def _quantity(measurand: Point) -> Quantity:
    """Name what is measured in our words."""
    base, phase = str(measurand.get("base_quantity")), measurand.get("phase_ref")
    if measurand.get("aggregation", "TOTAL") not in ("TOTAL", "INSTANTANEOUS"):
        raise UnmappableError(f"an aggregate: {measurand['aggregation']}")
    if measurand.get("location", "GRID") not in ("GRID", "INTERNAL", "LOAD"):
        raise UnmappableError(f"measured elsewhere: {measurand['location']}")
    if measurand.get("accumulation") in ("SESSION", "DAILY", "INTERVAL"):
        raise UnmappableError("a counter that starts anew")
    if base == "energy_active":
        return _energy(str(measurand.get("direction")), phase)
    if base not in _NAMES:
        raise UnmappableError(f"no quantity of ours: {base}")
    total, each = _NAMES[base]
    if phase is None and "aggregation" in measurand and base in ("voltage", "current"):
        raise UnmappableError("a sum over the phases")
    name = total if phase is None else each.format(_PHASES.get(str(phase), ""))
    return _known(name, base, phase)


def _energy(direction: str, phase: object) -> Quantity:
    if direction not in ("IMPORT", "EXPORT"):
        raise UnmappableError(f"neither import nor export: {direction}")
    infix = "" if phase is None else f"_{_PHASES.get(str(phase), '')}"
    name = f"energy_{direction.lower()}{infix}_mwh"
    return _known(name, "energy_active", phase)


def _known(name: str, base: str, phase: object) -> Quantity:
    try:
        return Quantity(name)
    except ValueError:
        raise UnmappableError(f"no quantity of ours: {base} of {phase}") from None


def _storage(
    point: Point, mapping: Point
) -> tuple[Encoding, int, ExponentPlace | None]:
    """Give encoding and address of the number, and its exponent if it has one."""
    if mapping.get("byte_order", "BIG_ENDIAN") != "BIG_ENDIAN":
        raise UnmappableError("low byte first within a register")
    storage = str(point.get("storage_type"))
    if storage == "COMPOSED":
        return _composed(mapping, str(point.get("point_id")))
    encoding = _encoding(storage)
    if mapping.get("length_words", encoding.words) != encoding.words:
        raise UnmappableError(f"{mapping['length_words']} registers for {storage}")
    return encoding, address(mapping), None


def _composed(mapping: Point, name: str) -> tuple[Encoding, int, ExponentPlace | None]:
    """Tell Iskra's T5 and T6 from an exponent in a register of its own.

    The offsets of the two parts count from where the point's window begins.
    """
    parts = mapping.get("composed", {})
    mantissa, exponent = parts.get("mantissa", {}), parts.get("exponent", {})
    if parts.get("kind") != "MANTISSA_EXPONENT" or parts.get("base", 10) != 10:
        raise UnmappableError("a composition other than mantissa x 10^exponent")
    start = address(mapping)
    bits = [part.get(key) for part in (mantissa, exponent) for key in _BITS]
    if bits == [0, 24, 24, 8] and mapping.get("length_words") == 2:
        signed = mantissa.get("storage_type") == "S32"
        return Encoding.ISKRA_T6 if signed else Encoding.ISKRA_T5, start, None
    if any(each is not None for each in bits):
        raise UnmappableError("a mantissa or an exponent of part of a register")
    place = ExponentPlace(
        name=f"{name}_exponent",
        address=start + address(exponent),
        encoding=_encoding(str(exponent.get("storage_type"))),
        function_code=function_code(mapping),
    )
    encoding = _encoding(str(mantissa.get("storage_type")))
    return encoding, start + address(mantissa), place


def _encoding(storage: str) -> Encoding:
    try:
        return _STORAGES[storage]
    except KeyError:
        raise UnmappableError(f"storage_type {storage}: no encoding of ours") from None


def _scale_factor(reference: Point, points: Mapping[str, Point]) -> ExponentPlace:
    name = str(reference.get("point_id"))
    if reference.get("mode") != "POW10":
        raise UnmappableError(f"scaled by a register, mode {reference.get('mode')}")
    if name not in points:
        raise UnmappableError(f"scaled by {name}, which is not there")
    mapping = points[name].get("mapping", {})
    encoding = _STORAGES.get(str(points[name].get("storage_type")))
    if encoding not in (Encoding.INT16, Encoding.UINT16):
        raise UnmappableError(f"scaled by {name}, which is no integer of 16 bits")
    return ExponentPlace(
        name=name,
        address=address(mapping),
        encoding=encoding,
        function_code=function_code(mapping),
    )


def _word_order(mapping: Point) -> WordOrder:
    low = mapping.get("word_order") == "WORD_LITTLE_ENDIAN"
    return WordOrder.LOW_FIRST if low else WordOrder.HIGH_FIRST


def _scale(quantity: Quantity, point: Point, transform: Point) -> Fraction:
    if _fraction(transform.get("offset", {"numerator": 0})):
        raise UnmappableError("an offset is added")
    unit = str(point.get("unit"))
    units = _UNITS[quantity.value.rpartition("_")[2]]
    if unit not in units:
        raise UnmappableError(f"unit {unit}: expected one of {', '.join(units)}")
    scale = _fraction(transform.get("scale", {"numerator": 1})) * Fraction(units[unit])
    if scale <= 0:
        raise UnmappableError(f"scale {scale}: not above zero")
    if quantity.is_energy and scale.denominator != 1:
        raise UnmappableError("counts in less than a milliwatt-hour")
    return scale


def _fraction(raw: Point) -> Fraction:
    try:
        return Fraction(int(raw.get("numerator", 0)), int(raw.get("denominator", 1)))
    except (TypeError, ValueError, ZeroDivisionError):
        raise UnmappableError(f"{raw}: no fraction") from None


def _unavailable(point: Point, encoding: Encoding) -> frozenset[Unavailable] | None:
    """Give the conventions that its na_values agree with; None if it has none."""
    raws = {value.get("raw") for value in point.get("na_values", ())}
    if not raws:
        return None
    return frozenset(each for each in Unavailable if {each.sentinel(encoding)} == raws)


_NAMES = {
    "voltage": ("voltage_l1_v", "voltage_{}_v"),
    "current": ("current_l1_a", "current_{}_a"),
    "active_power": ("power_w", "power_{}_w"),
    "reactive_power": ("reactive_power_var", "reactive_power_{}_var"),
    "frequency": ("frequency_l1_hz", "frequency_{}_hz"),
    "temperature": ("temperature_1_c", "-"),
}
"""Without a phase (a meter of one phase, or the total), and with one."""

_PHASES = {"L1": "l1", "L2": "l2", "L3": "l3", "L1_N": "l1", "L2_N": "l2"}
_PHASES |= {"L3_N": "l3", "N": "n"}

_BITS = ("bit_offset", "bit_length")

_STORAGES = {
    "U16": Encoding.UINT16,
    "S16": Encoding.INT16,
    "U32": Encoding.UINT32,
    "S32": Encoding.INT32,
    "U64": Encoding.UINT64,
    "S64": Encoding.INT64,
    "IEEE754_F32": Encoding.FLOAT32,
    "IEEE754_F64": Encoding.FLOAT64,
}

_UNITS = {
    "v": {"V": "1", "mV": "1/1000", "kV": "1000"},
    "a": {"A": "1", "mA": "1/1000", "kA": "1000"},
    "w": {"W": "1", "mW": "1/1000", "kW": "1000", "MW": "1000000"},
    "var": {"var": "1", "kvar": "1000", "Mvar": "1000000"},
    "hz": {"Hz": "1", "mHz": "1/1000"},
    "c": {"degC": "1", "Cel": "1", "°C": "1"},
    "mwh": {"mWh": "1", "Wh": "1000", "kWh": "1000000", "MWh": "1000000000"},
}
"""Their worth in the quantity's own unit."""

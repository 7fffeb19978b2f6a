# SPDX-License-Identifier: Apache-2.0
"""How EVerest reads one JSON field: a Decoder gives its value, or Rejected.

As lenient and as strict as EVerest's C++ and its JSON library: a boolean passes for
a number, what is no object may pass for an empty one, null never passes for absent.
"""

import math
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

Decoder: TypeAlias = Callable[[Any], Any]


class Rejected(ValueError):  # noqa: N818 - a verdict, not a fault of ours
    """EVerest drops this message; the text says why."""


def float32(value: float) -> float:
    """Round to the nearest binary32; beyond its range is Rejected.

    EVerest itself does not reject that: it makes infinity of it, then null, and
    its manager ends. Nothing worse can be sent, so the stand-in names it.
    """
    try:
        near: float = struct.unpack("<f", struct.pack("<f", float(value)))[0]
    except OverflowError:
        near = math.inf
    if not math.isfinite(near):
        raise Rejected("a number beyond float32: it would take EVerest down")
    return near


def number(value: Any) -> float:  # noqa: ANN401
    if not isinstance(value, int | float):  # a bool is an int, here as there
        raise Rejected(f"type must be number, but is {_type(value)}")
    return float32(value)


def string(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str):
        raise Rejected(f"type must be string, but is {_type(value)}")
    return value


def boolean(value: Any) -> bool:  # noqa: ANN401
    if not isinstance(value, bool):
        raise Rejected(f"type must be boolean, but is {_type(value)}")
    return value


def unsigned(value: Any) -> int:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Rejected(f"type must be an unsigned number, but is {_type(value)}")
    return value


def anything(value: Any) -> Any:  # noqa: ANN401
    return value


def one_of(*names: str) -> Decoder:
    def decoder(value: Any) -> str:  # noqa: ANN401
        if string(value) not in names:
            raise Rejected(f"{value!r} is none of {', '.join(names)}")
        return str(value)

    return decoder


def list_of(item: Decoder) -> Decoder:
    """Iterate as EVerest's JSON library does: an object gives its values, null none."""

    def decoder(value: Any) -> list[Any]:  # noqa: ANN401
        match value:
            case list():
                items: Iterable[Any] = value
            case dict():
                items = value.values()
            case None:
                items = ()
            case _:
                items = (value,)
        return [item(each) for each in items]

    return decoder


def object_of(
    required: Mapping[str, Decoder],
    optional: Mapping[str, Decoder] | None = None,
    *,
    lenient: bool = False,
) -> Decoder:
    """Decode an object; with `lenient` what is no object counts as an empty one."""

    def decoder(value: Any) -> dict[str, Any]:  # noqa: ANN401
        if not isinstance(value, dict):
            if lenient:
                return {}
            raise Rejected(f"must be an object, but is {_type(value)}")
        if missing := [key for key in required if key not in value]:
            raise Rejected(f"key {missing[0]!r} not found")
        fields = {**required, **(optional or {})}
        return {
            key: _at(key, decode_field, value[key])
            for key, decode_field in fields.items()
            if key in value
        }

    return decoder


def _at(key: str, decoder: Decoder, value: Any) -> Any:  # noqa: ANN401
    try:
        return decoder(value)
    except Rejected as rejected:
        raise Rejected(f"{key}: {rejected}") from None


def _type(value: Any) -> str:  # noqa: ANN401
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"

# SPDX-License-Identifier: Apache-2.0
"""`powermeter-sampler import-moddef`: a ModDef device (YAML) to a profile of ours.

The profile is not a verified one: its status says "inferred", and what of the device
has no place in it is listed, so that a person can decide.
"""

import argparse
import collections
import importlib
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ipc.toml import LARGEST_FILE
from sampler import registermap
from sampler.encoding import Unavailable, WordOrder
from sampler.errors import ProfileError
from sampler.tools.moddef_point import Mapped, Point, UnmappableError, convert

NOTHING_MAPPED = 1
"""The exit status when the document has nothing that a profile could use."""

USAGE_ERROR = 2
"""The exit status of a command line that cannot be carried out."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a device.

    toml      the profile
    count     its quantities
    left_out  "point: reason", for each that says what it measures and was not taken
    """

    toml: str
    count: int
    left_out: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what run() reads."""
    parser.add_argument("file", type=Path, help="a .moddef.yaml file")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where to write it, not to stdout"
    )


def run(args: argparse.Namespace) -> int:
    """Write the profile, and to stderr what was left out; give the exit status."""
    try:
        imported = import_device(_load(args.file))
        _check(imported.toml)
        if args.output is None:
            sys.stdout.write(imported.toml)
        else:
            args.output.write_text(imported.toml)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}: name another path"
        return _fail(what, USAGE_ERROR)
    except ProfileError as error:
        return _fail(f"{args.file}: {error}", USAGE_ERROR)
    except UnmappableError as error:
        return _fail(f"{args.file}: {error}", NOTHING_MAPPED)
    lines = [f"left out: {line}" for line in imported.left_out]
    lines.append(f"{imported.count} quantities taken, {len(lines)} points left out")
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    return 0


def import_device(document: object) -> Imported:
    """Turn the document's first device into a profile.

    Raises ProfileError where it is no ModDef document, UnmappableError where
    nothing of it can be used.
    """
    try:
        device, *others = _mapping(document)["devices"]
        points = list(_points(device))
        imported = _convert(_mapping(document), device, points)
        rest = [f"{each['device_id']}: only the first device" for each in others]
    except UnmappableError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProfileError(
            f"not a ModDef document ({type(error).__name__}: {error}): name one"
        ) from None
    return msgspec.structs.replace(imported, left_out=[*imported.left_out, *rest])


def _convert(document: Point, device: Point, points: list[Point]) -> Imported:
    by_id = {str(point["point_id"]): point for point in points}
    taken: dict[str, Mapped] = {}
    left_out: list[str] = []
    for point in points:
        name = str(point["point_id"])
        if "measurand" not in point:
            continue
        try:
            mapped = convert(point, by_id)
        except UnmappableError as error:
            left_out.append(f"{name}: {error}")
            continue
        if mapped.quantity.value in taken:
            left_out.append(f"{name}: {mapped.quantity.value} is taken already")
        else:
            taken[mapped.quantity.value] = mapped
    if not taken:
        raise UnmappableError(
            "no point of it is a quantity of ours: write the profile by hand"
        )
    toml = "\n".join(_toml(document, device, taken)) + "\n"
    return Imported(toml=toml, count=len(taken), left_out=left_out)


def _points(device: Point) -> Iterator[Point]:
    """Give the points of all blocks; a mapping takes its block's space."""
    for block in device["blocks"]:
        for point in block.get("points", ()):
            mapping = {"space": block.get("space"), **point.get("mapping", {})}
            yield {**point, "mapping": mapping}


def _toml(document: Point, device: Point, taken: Mapping[str, Mapped]) -> Iterator[str]:
    codes = collections.Counter(mapped.function_code for mapped in taken.values())
    orders = collections.Counter(
        mapped.word_order for mapped in taken.values() if mapped.encoding.words > 1
    )
    code = codes.most_common(1)[0][0]
    order = orders.most_common(1)[0][0] if orders else WordOrder.HIGH_FIRST
    source = f"ModDef {document.get('doc_id')} {document.get('version')}"
    source = " ".join(source.split())  # it also stands in a comment: one line
    yield f"# Imported from {source}. Compare it with a second source before use."
    yield ""
    yield "[meter]"
    yield f"vendor = {_quoted(device.get('vendor', 'unknown'))}"
    yield f"model = {_quoted(device.get('model', device.get('device_id')))}"
    yield 'status = "inferred"'
    yield f"sources = [{_quoted(source)}]"
    yield f"function_code = {code}"
    if order is not WordOrder.HIGH_FIRST:
        yield f'word_order = "{order.value}"'
    if convention := _convention(taken):
        yield f'unavailable = "{convention.value}"'
    yield from _exponents(taken, code)
    yield ""
    yield "[registers]"
    for name, mapped in taken.items():
        yield f"{name} = {{ {', '.join(_register(mapped, code, order))} }}"


def _register(mapped: Mapped, code: int, order: WordOrder) -> Iterator[str]:
    yield f"address = {mapped.address}"
    yield f'encoding = "{mapped.encoding.value}"'
    if mapped.scale != 1:
        whole = mapped.scale.denominator == 1
        yield f"scale = {mapped.scale.numerator if whole else float(mapped.scale)}"
    if mapped.function_code != code:
        yield f"function_code = {mapped.function_code}"
    if mapped.encoding.words > 1 and mapped.word_order is not order:
        yield f'word_order = "{mapped.word_order.value}"'
    if mapped.exponent:
        yield f"exponent = {_quoted(mapped.exponent.name)}"


def _exponents(taken: Mapping[str, Mapped], code: int) -> Iterator[str]:
    places = {
        mapped.exponent.name: mapped.exponent
        for mapped in taken.values()
        if mapped.exponent
    }
    if places:
        yield ""
        yield "[exponents]"
    for name, place in places.items():
        fields = f'address = {place.address}, encoding = "{place.encoding.value}"'
        if place.function_code != code:
            fields += f", function_code = {place.function_code}"
        yield f"{_quoted(name)} = {{ {fields} }}"


def _convention(taken: Mapping[str, Mapped]) -> Unavailable | None:
    """Give the one way of saying "not available" that all points agree with."""
    said = [mapped.unavailable for mapped in taken.values() if mapped.unavailable]
    common = frozenset.intersection(*said) if said else frozenset()
    return next((each for each in Unavailable if each in common), None)


def _quoted(text: object) -> str:
    """Quote a text; a JSON string is a TOML string."""
    return msgspec.json.encode(str(text)).decode()


def _check(toml: str) -> None:
    """Raise ProfileError if the sampler would not take its own importer's work."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(toml)
        file.flush()
        registermap.load(file.name)


def _load(path: Path) -> object:
    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError:
        raise ProfileError(
            "import-moddef needs PyYAML: pip install 'everest-powermeter[moddef]'"
        ) from None
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ProfileError(f"larger than {LARGEST_FILE} bytes: name the right file")
    try:
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ProfileError(f"not valid YAML: {reason}; correct it") from None


def _mapping(raw: object) -> Point:
    if not isinstance(raw, dict):
        raise TypeError("the document is no mapping")
    return raw


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"powermeter-sampler: {message}\n")
    return status

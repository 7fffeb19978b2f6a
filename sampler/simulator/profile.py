# SPDX-License-Identifier: Apache-2.0
"""A model from its profile: where each quantity stands, written and not read.

Understands meters/*.toml on its own: what the sampler's loader would misread must not
be misread here in the same way.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ipc import toml
from ipc.clock import NS_PER_MS
from ipc.errors import ConfigError
from sampler.simulator import form, quantities
from sampler.simulator.errors import UnfitProfileError
from sampler.simulator.form import Fixed, Packs, Scaled
from sampler.simulator.image import Cell, Table
from sampler.simulator.load import Load
from sampler.simulator.model import Identity, Model
from sampler.simulator.quantities import Wiring

METERS = Path(__file__).parents[1] / "meters"

WIDEST_GAP = 125
"""Registers; gaps up to one read can be read through, as in most real meters."""

NOTHING = {"largest": b"\xff\xff", "sunspec": b"\x80\x00"}
"""What stands where there is nothing, by how the meter says "not available"."""

_Raw = dict[str, Any]
_Cells = Iterator[tuple[int, Cell]]


def names() -> list[str]:
    """Give the models that have a profile."""
    return sorted(path.stem for path in METERS.glob("*.toml"))


def is_path(name: str) -> bool:
    """Whether a model is a profile of the user's own, told by its path."""
    return "/" in name or name.endswith(".toml")


def model(name: str) -> Model:
    """Make the model of a profile of ours, by its name, or of any, by its path.

    UnfitProfileError: there is none, or it does not say what a meter needs.
    """
    path = Path(name) if is_path(name) else METERS / f"{name}.toml"
    try:
        made = _model(name, _read(path))
        _try_out(made)
    except ConfigError as error:
        raise UnfitProfileError(str(error)) from None
    except Exception as error:
        # Nobody has checked a user's file: a value may be of any kind, and wrong in
        # any way. It must not end a read later on.
        raise UnfitProfileError(
            f"{path}: cannot be simulated ({type(error).__name__}: {error}):"
            " correct it; `powermeter-sampler read` tells which key"
        ) from error
    return made


def _model(name: str, raw: _Raw) -> Model:
    return Model(
        name=name,
        turnaround_ns=1 * NS_PER_MS,  # real ones take longer; this is the wire's test
        largest_read=int(raw.get("limits", {}).get("largest_block", 125)),
        tables=lambda identity: _tables(raw, identity),
    )


def _try_out(made: Model) -> None:
    """Have every register written once; any exception says that one cannot be."""
    state = Load(seed=1, power_w=1_000).at(0)
    for table in made.tables(Identity(unit_id=1, serial_number=1)):
        for cell in table.cells:
            written = cell.encoding.pack(cell.value(state))
            if len(written) != 2 * cell.encoding.words:
                raise ValueError(f"registers {cell.address}: no such encoding")


def _read(path: Path) -> _Raw:
    raw = toml.load(path, dict)
    base = _read(METERS / f"{raw['like']}.toml") if "like" in raw else {}
    return base | raw


def _tables(raw: _Raw, identity: Identity) -> tuple[Table, ...]:
    """Give one table for each function code."""
    cells = [
        *_exponent_cells(raw),
        *_quantity_cells(raw),
        *_identity_cells(raw, identity),
    ]
    return tuple(
        Table(
            read_codes=frozenset({code}),
            spans=tuple(_spans([cell for at, cell in cells if at == code])),
            cells=tuple(cell for at, cell in cells if at == code),
            nothing=NOTHING.get(raw["meter"].get("unavailable", ""), bytes(2)),
        )
        for code in sorted({code for code, _ in cells})
    )


def _quantity_cells(raw: _Raw) -> _Cells:
    wiring = quantities.wiring_of(raw["registers"])
    exponents = _exponents(raw)
    for quantity, register in raw["registers"].items():
        code = register.get("function_code", raw["meter"]["function_code"])
        exponent = exponents.get(register.get("exponent", ""), 0)
        for cell in _cells_of(raw, quantity, register, wiring, exponent):
            yield code, cell


def _cells_of(
    raw: _Raw, quantity: str, register: _Raw, wiring: Wiring, exponent: int
) -> Iterator[Cell]:
    value = quantities.shown(quantity, wiring)
    own = _scaled(raw, register, quantity, tens=exponent)
    plus = register.get("plus")
    if plus is None:
        yield Cell(address=register["address"], encoding=own, value=value)
    elif plus["scale"] < 0:  # a difference of two that are never negative
        less = _scaled(raw, plus | {"scale": -plus["scale"]}, quantity)
        yield Cell(
            address=register["address"],
            encoding=own,
            value=lambda state: max(value(state), 0.0),
        )
        yield Cell(
            address=plus["address"],
            encoding=less,
            value=lambda state: max(-value(state), 0.0),
        )
    else:  # whole ones of the first, the rest in the second
        whole = Scaled(
            name=own.name, scale=own.scale, low_first=own.low_first, floor=True
        )
        rest = _scaled(raw, plus, quantity)
        yield Cell(address=register["address"], encoding=whole, value=value)
        yield Cell(
            address=plus["address"],
            encoding=rest,
            value=lambda state: value(state) % whole.scale,
        )


def _scaled(raw: _Raw, register: _Raw, quantity: str, *, tens: int = 0) -> Scaled:
    order = register.get("word_order", raw["meter"].get("word_order"))
    return Scaled(
        name=register["encoding"],
        scale=register.get("scale", 1.0) * 10.0**tens,
        low_first=order == "low-first",
        floor=quantity.startswith("energy"),
    )


def _exponents(raw: _Raw) -> dict[str, int]:
    """Choose for each the least power of ten that lets all it scales fit."""
    chosen: dict[str, int] = {}
    for name, exponent in raw.get("exponents", {}).items():
        least = 0 if exponent.get("encoding", "int16").startswith("u") else -3
        users = [
            (_scaled(raw, register, quantity), quantities.greatest(quantity))
            for quantity, register in raw["registers"].items()
            if register.get("exponent") == name
        ]
        chosen[name] = next(
            tens
            for tens in range(least, 19)
            if all(top / (own.scale * 10.0**tens) < own.greatest for own, top in users)
        )
    return chosen


def _exponent_cells(raw: _Raw) -> _Cells:
    tens = _exponents(raw)
    for name, exponent in raw.get("exponents", {}).items():
        code = exponent.get("function_code", raw["meter"]["function_code"])
        encoding = Scaled(name=exponent.get("encoding", "int16"))
        fixed = Fixed(data=encoding.pack(tens[name]))
        yield code, _constant(exponent["address"], fixed)


def _identity_cells(raw: _Raw, identity: Identity) -> _Cells:
    table = raw.get("identity", {})
    for mark in table.get("marks", ()):
        yield mark["function_code"], _identity_cell(mark, mark["values"][0])
    if serial := table.get("serial_number"):
        yield serial["function_code"], _identity_cell(serial, identity.serial_number)


def _identity_cell(register: _Raw, value: int | str) -> Cell:
    encoding: str = register["encoding"]
    if encoding.startswith("ascii"):
        words = register.get("length", 1)
        characters = str(value).rstrip("*")  # the mark of a beginning
        packs = form.text(characters, words=words, low=encoding == "ascii-low")
    else:
        packs = Fixed(data=Scaled(name=encoding).pack(int(value)))
    return _constant(register["address"], packs)


def _constant(address: int, packs: Packs) -> Cell:
    return Cell(address=address, encoding=packs, value=lambda _: 0.0)


def _spans(cells: list[Cell]) -> Iterator[range]:
    """Join what lies near enough to be read at once."""
    ordered = sorted(cells, key=lambda cell: cell.address)
    start, end = ordered[0].address, ordered[0].address
    for cell in ordered:
        if cell.address - end > WIDEST_GAP:
            yield range(start, end)
            start = cell.address
        end = max(end, cell.address + cell.encoding.words)
    yield range(start, end)

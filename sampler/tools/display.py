# SPDX-License-Identifier: Apache-2.0
"""A sample for a person: phase by phase, with units, no knowledge of Modbus needed."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from ipc.sample import Quality, Quantity, Sample, is_present
from ipc.units import NS_PER_S

COLUMNS = {"l1": "L1", "l2": "L2", "l3": "L3", "n": "N", "dc": "DC", "": "total"}

DECIMALS = {"V": 1, "A": 3, "W": 1, "var": 1, "Hz": 2, "°C": 1}

ABSENT = "-"
IMPLAUSIBLE = "?"

UNITS = {
    "v": "V",
    "a": "A",
    "w": "W",
    "var": "var",
    "hz": "Hz",
    "c": "°C",
    "mwh": "kWh",
}

_WIDTH = 15


def table(
    sample: Sample, *, known: Collection[Quantity], implausible: Collection[Quantity]
) -> Iterator[str]:
    """Give the lines of a sample: a row a kind of quantity, a column a phase.

    known        what the model measures; nothing else gets a row or a column
    implausible  what was read and cannot be true: shown as a question mark
    """
    rows: dict[str, dict[str, str]] = {}
    for quantity in Quantity:
        if quantity in known:
            what, where, _ = _parts(quantity)
            text = IMPLAUSIBLE if quantity in implausible else value(sample, quantity)
            rows.setdefault(what, {})[where] = text
    used = [key for key in COLUMNS if any(key in row for row in rows.values())]
    yield _row("", [COLUMNS[key] for key in used])
    for what, row in rows.items():
        yield _row(what, [row.get(key, "") for key in used])


def value(sample: Sample, quantity: Quantity) -> str:
    """Give one value with its unit, or a dash where it was not measured.

    >>> energy(12_345_678_912)
    '12345.678 kWh'
    """
    number = getattr(sample, quantity.value)
    if not is_present(number):
        return ABSENT
    if quantity.is_energy:
        return energy(number)
    unit = _parts(quantity)[2]
    return f"{number:.{DECIMALS[unit]}f} {unit}"


def energy(mwh: int) -> str:
    """Give kilowatt-hours, cut off like a counter's digits and not rounded."""
    return f"{mwh // 1_000_000}.{mwh % 1_000_000 // 1000:03d} kWh"


def measured(sample: Sample) -> dict[str, float | int]:
    """Give what was measured, each quantity under its name."""
    values = {quantity.value: getattr(sample, quantity.value) for quantity in Quantity}
    return {name: number for name, number in values.items() if is_present(number)}


def as_data(sample: Sample) -> dict[str, Any]:
    """Give a sample to scripts: its time (UTC), why it is not good, its values."""
    instant = datetime.fromtimestamp(sample.wall_ns / NS_PER_S, tz=UTC)
    return {
        "time": instant.isoformat(timespec="milliseconds"),
        "quality": [str(flag.name).lower() for flag in Quality(sample.quality)],
        "values": measured(sample),
    }


def _parts(quantity: Quantity) -> tuple[str, str, str]:
    """Split a name: what is measured, where (a key of COLUMNS), the unit shown."""
    *words, unit = quantity.value.split("_")
    where = words.pop() if words[-1] in COLUMNS else ""
    return " ".join(words), where, UNITS[unit]


def _row(label: str, cells: list[str]) -> str:
    return (f"  {label:<15}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells)).rstrip()

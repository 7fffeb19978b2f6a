# SPDX-License-Identifier: Apache-2.0
"""How powermeter-watch shows what it knows: as lines, or live with rich."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ipc.units import NS_PER_S
from ipc.watch import BusReport, MeterReport, Report

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_NAME = re.compile(r"([a-z_]+?)(?:_(l[123]|[123]))?_([a-z]+)")
"""A quantity's name: what, of which phase or sensor, in which unit."""

_UNITS = {
    "v": ("V", 1.0, 1),
    "a": ("A", 1.0, 2),
    "w": ("W", 1.0, 1),
    "var": ("var", 1.0, 1),
    "hz": ("Hz", 1.0, 3),
    "c": ("°C", 1.0, 1),
    "mwh": ("kWh", 1e-6, 3),
}
"""How a name's unit is shown: its symbol, the factor to it, the digits."""


def lines(report: Report) -> Iterator[str]:
    """Tell a report to a person, a line a meter and every value below it."""
    for bus in report.buses:
        yield headline(bus)
        for meter in bus.meters:
            yield "  " + ", ".join(
                f"{name} {fact}" for name, fact in _facts(meter).items()
            )
            if meter.newest:
                for name, value in meter.newest.values.items():
                    yield f"    {name} = {value}"


def headline(bus: BusReport) -> str:
    """Tell of a bus's writer, and of what was lost on the way from it."""
    told = f"bus {bus.bus}: sampler {bus.state}"
    if bus.writer:
        beat_s = bus.writer.beat_age_ns / NS_PER_S
        told += (
            f" (pid {bus.writer.pid}, epoch {bus.writer.epoch},"
            f" last beat {beat_s:.1f} s ago), {bus.writer.sequence} samples"
        )
    told += f", lapped {bus.lapped}, corrupt {bus.corrupt}"
    return f"{told}; {bus.ring} refused: {bus.refused}" if bus.refused else told


def live(report: Report) -> "Group":
    """Draw a report with rich, which must be installed."""
    from rich.console import Group  # noqa: PLC0415 - optional
    from rich.text import Text  # noqa: PLC0415 - optional

    return Group(
        *(part for bus in report.buses for part in (Text(headline(bus)), _table(bus)))
    )


def _table(bus: BusReport) -> "Table":
    """Draw a bus: a column a meter, a row for whatever one of them has."""
    from rich.markup import escape  # noqa: PLC0415 - optional
    from rich.table import Table  # noqa: PLC0415 - optional

    columns = [_facts(meter) | _values(meter) for meter in bus.meters]
    names = dict.fromkeys(name for column in columns for name in column)
    table = Table(show_header=False)
    table.add_column(no_wrap=True)
    for meter in bus.meters:
        table.add_column(justify="right", style="red" if meter.problem else "green")
    for name in names:
        table.add_row(name, *(escape(column.get(name, "-")) for column in columns))
    return table


def _facts(meter: MeterReport) -> dict[str, str]:
    facts = {"meter": meter.meter, "state": meter.problem or "healthy"}
    if meter.rate_hz is not None:
        facts["rate"] = f"{meter.rate_hz:.2f} Hz"
    if newest := meter.newest:
        facts |= {
            "age": f"{newest.age_s:.1f} s",
            "lateness": f"{newest.lateness_ms:.2f} ms",
            "duration": f"{newest.duration_ms:.1f} ms",
            "quality": "+".join(newest.quality) or "good",
            "misses": str(newest.misses),
            "overruns": str(newest.overruns),
        }
    return facts


def _values(meter: MeterReport) -> dict[str, str]:
    """Give the measured values, those of the phases side by side in one row."""
    rows: dict[str, list[str]] = {}
    for name, value in meter.newest.values.items() if meter.newest else ():
        if found := _NAME.fullmatch(name):
            what, phase, unit = found.groups()
            symbol, factor, digits = _UNITS[unit]
            label = f"{what.replace('_', ' ')}{' 1..3' if phase else ''} [{symbol}]"
            rows.setdefault(label, []).append(f"{value * factor:.{digits}f}")
    return {label: "  ".join(told) for label, told in rows.items()}

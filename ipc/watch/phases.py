# SPDX-License-Identifier: Apache-2.0
"""The picture of one meter, phase by phase."""

from collections.abc import Iterator

from ipc.watch.advice import advice
from ipc.watch.report import BusReport, MeterReport
from ipc.watch.text import Line, Style, bar, columns, line, span

_WIDTHS = (-6, 9, 10, 11, 12, 10)
_BAR_WIDTH = 78 - sum(abs(width) + 1 for width in _WIDTHS)
_FUSES_A = (16, 32, 63, 125, 250, 500, 1000)
"""What the bars are drawn against: the least of these that no current exceeds."""

_ROWS = (
    ("L1", "_l1"),
    ("L2", "_l2"),
    ("L3", "_l3"),
    ("N", "_n"),
    ("DC", "_dc"),
    ("total", ""),
)
_COLUMNS = (
    ("voltage{}_v", "V", 1.0, 1),
    ("current{}_a", "A", 1.0, 2),
    ("power{}_w", "W", 1.0, 1),
    ("reactive_power{}_var", "var", 1.0, 1),
    ("frequency{}_hz", "Hz", 1.0, 2),
)
_ENERGIES = (
    ("energy_import{}_mwh", "kWh", 1e-6, 3),
    ("energy_export{}_mwh", "kWh", 1e-6, 3),
)
Values = dict[str, float | int]


def picture(bus: BusReport, meter: MeterReport) -> Iterator[Line]:
    """Draw a meter: its phases, its energies, what to check."""
    yield line(
        (meter.meter, Style.BOLD),
        f"   {meter.model}, unit {meter.unit_id} on {bus.bus} ({bus.port})",
    )
    yield _state(meter)
    yield line()
    if values := meter.newest.values if meter.newest else {}:
        yield from _now(values)
    yield from _energies(values)
    yield from _others(meter, values)
    yield from advice(bus, meter)


def _state(meter: MeterReport) -> Line:
    style = Style.BAD if meter.problem else Style.GOOD
    told = [(meter.problem or "healthy", style)]
    parts: list[str | tuple[str, Style]] = [*told]
    if meter.rate_hz is not None:
        parts.append(f", {meter.rate_hz:.2f} Hz")
    if newest := meter.newest:
        quality = "+".join(newest.quality) or "good"
        parts.append(f", newest sample {quality}, {span(newest.age_s)} ago")
    return line(*parts)


def _now(values: Values) -> Iterator[Line]:
    heads = ("", "voltage", "current", "power", "reactive", "frequency")
    amps = [abs(values.get(f"current{row}_a", 0.0)) for _, row in _ROWS]
    scale = next((fuse for fuse in _FUSES_A if fuse >= max(amps)), _FUSES_A[-1])
    head = columns(_WIDTHS, heads)
    yield line((f"{head}  current of {scale} A", Style.DIM))
    for (name, row), amp in zip(_ROWS, amps, strict=True):
        cells = [_cell(values, column, row) for column in _COLUMNS]
        if any(cells):
            drawn = bar(amp / scale, _BAR_WIDTH) if f"current{row}_a" in values else ""
            yield line(columns(_WIDTHS, (name, *cells)) + "  " + drawn)


def _energies(values: Values) -> Iterator[Line]:
    rows = [
        (name, [_cell(values, column, row) for column in _ENERGIES])
        for name, row in _ROWS
    ]
    if any(any(cells) for _, cells in rows):
        yield line()
        yield line((columns((-6, 20, 20), ("", "imported", "exported")), Style.DIM))
    for name, cells in rows:
        if any(cells):
            yield line(columns((-6, 20, 20), (name, *cells)))


def _others(meter: MeterReport, values: Values) -> Iterator[Line]:
    """Tell what is of no phase."""
    told = [
        f"temperature {number}: {values[name]:.1f} °C"
        for number in (1, 2, 3)
        if (name := f"temperature_{number}_c") in values
    ]
    if meter.newest and meter.newest.phase_sequence is not None:
        sequence = "right" if meter.newest.phase_sequence else "wrong"
        told.insert(0, f"phase sequence: {sequence}")
    if told:
        yield line()
        yield line("   ".join(told))


def _cell(values: Values, column: tuple[str, str, float, int], row: str) -> str:
    name, unit, factor, digits = column
    value = values.get(name.format(row))
    return "" if value is None else f"{value * factor:.{digits}f} {unit}"

# SPDX-License-Identifier: Apache-2.0
"""The page of all meters: one line each."""

from collections.abc import Iterator

from ipc.watch.advice import advice
from ipc.watch.report import MeterReport, Report
from ipc.watch.text import Line, Style, columns, line, span

_WIDTHS = (-18, -22, 8, 8, 10, 7)


def meters(report: Report, chosen: int) -> Iterator[Line]:
    """List the meters of every bus; the chosen one is marked."""
    heads = ("meter", "state", "rate", "age", "power", "current")
    yield line(("  " + columns(_WIDTHS, heads), Style.DIM))
    pairs = [(bus, meter) for bus in report.buses for meter in bus.meters]
    for index, (_, meter) in enumerate(pairs):
        yield _row(meter, is_chosen=index == chosen)
    bus, meter = pairs[chosen]
    yield line()
    yield from advice(bus, meter)
    for bus in report.buses:
        if bus.refused:
            yield line()
            yield line((f"{bus.ring}: {bus.refused}", Style.BAD))


def _row(meter: MeterReport, *, is_chosen: bool) -> Line:
    values = meter.newest.values if meter.newest else {}
    watts, amps = values.get("power_w"), _largest_current(values)
    texts = (
        meter.meter,
        meter.problem or "healthy",
        "-" if meter.rate_hz is None else f"{meter.rate_hz:.2f} Hz",
        "-" if meter.good_age_s is None else span(meter.good_age_s),
        "-" if watts is None else f"{watts / 1000:.2f} kW",
        "-" if amps is None else f"{amps:.1f} A",
    )
    row = columns(_WIDTHS, texts)
    mark = "> " if is_chosen else "  "
    return line(mark, (row, Style.BAD if meter.problem else Style.GOOD))


def _largest_current(values: dict[str, float | int]) -> float | None:
    """Give the current of the fullest conductor, the neutral aside."""
    names = ("current_l1_a", "current_l2_a", "current_l3_a", "current_dc_a")
    return max((abs(values[name]) for name in names if name in values), default=None)

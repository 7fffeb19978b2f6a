# SPDX-License-Identifier: Apache-2.0
"""The page of the last errors."""

import textwrap
from collections.abc import Iterator

from ipc.watch.report import Report
from ipc.watch.text import Line, Style, count, line, when

_DETAIL_WIDTH = 68
"""Of 80 columns, behind the time."""


def troubles(report: Report) -> Iterator[Line]:
    """List the last errors of all processes, the newest first."""
    found = [
        (each, bus.bus)
        for bus in report.buses
        for each in (bus.status.troubles if bus.status else ())
    ]
    if report.publisher.status:
        found += [(each, "publisher") for each in report.publisher.status.troubles]
    found.sort(key=lambda pair: -pair[0].last_ns)
    if not found:
        yield line(("no errors since the processes started", Style.GOOD))
        return
    yield line(("times are UTC; the newest of each kind", Style.DIM))
    for each, where in found:
        last = when(each.last_ns, report.wall_ns)
        first = when(each.first_ns, report.wall_ns)
        since = f", {count(each.count)} since {first}" if each.count > 1 else ""
        place = where if each.meter is None else f"{where}/{each.meter}"
        kind = each.kind.replace("_", " ")
        yield line(
            (f"{last:<10} ", Style.DIM),
            (f"{place}: ", Style.BOLD),
            (kind, Style.WARN),
            since,
        )
        for row in textwrap.wrap(each.detail, _DETAIL_WIDTH):
            yield line(f"           {row}")

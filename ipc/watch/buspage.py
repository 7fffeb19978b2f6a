# SPDX-License-Identifier: Apache-2.0
"""The page of the buses: sampler, port, timetable and what the wire does."""

from collections.abc import Iterator

from ipc.liveness import WriterState
from ipc.status import MeterCounts, SamplerStatus
from ipc.units import NS_PER_S
from ipc.watch.report import BusReport, Report
from ipc.watch.text import Line, Style, bar, columns, count, line, span

_BAR_WIDTH = 20
_WIDTHS = (-14, 7, 7, 7, 6, 7, 7, 7, 7)
_HEADS = (
    "meter",
    "planned",
    "mean",
    "worst",
    "good",
    "timeout",
    "garbled",
    "refused",
    "implaus",
)
_KINDS = ("timeout", "garbled", "refused", "implausible")


def buses(report: Report) -> Iterator[Line]:
    """Show each bus, one below the other."""
    for number, bus in enumerate(report.buses):
        if number:
            yield line()
        yield from _bus(bus)


def _bus(bus: BusReport) -> Iterator[Line]:
    yield line((bus.bus, Style.BOLD), f"   {bus.port}, {bus.baudrate} baud")
    yield line("sampler  ", *_sampler(bus))
    if bus.refused:
        yield line("ring     ", (f"{bus.ring}: {bus.refused}", Style.BAD))
    if bus.unread:
        yield line("status   ", (bus.unread, Style.WARN))
    if bus.status:
        yield line("port     ", _port(bus.status))
        yield line("ticks    ", *_ticks(bus, bus.status))
    if spread := bus.spread:
        yield line(
            f"late     half of them by {spread.median_ms:.2f} ms at most,"
            f" 99 % by {spread.p99_ms:.2f} ms, the worst by {spread.worst_ms:.2f} ms"
        )
        yield line(*_share("in use", spread.in_use, "of the last minute"))
        yield line(*_share("fullest", spread.fullest, "of its period, the busiest"))
    if bus.status:
        planned = bus.status.worst_s / bus.status.period_s
        yield line(*_share("planned", planned, "of its period, the fullest tick"))
        yield from _timetable(bus.status)
        yield from _meters(bus.status.meters)
        if bus.status.procedure:
            yield line("now      ", bus.status.procedure)


def _sampler(bus: BusReport) -> Iterator[str | tuple[str, Style]]:
    is_running = bus.state is WriterState.RUNNING
    yield bus.state.value, Style.GOOD if is_running else Style.BAD
    if bus.writer:
        yield (
            f", pid {bus.writer.pid}, last beat"
            f" {span(bus.writer.beat_age_ns / NS_PER_S)} ago,"
            f" {count(bus.writer.sequence)} samples, start {bus.writer.epoch}"
        )


def _port(status: SamplerStatus) -> tuple[str, Style]:
    match status.port_is_open:
        case True:
            return "open", Style.GOOD
        case False:
            return "not there: plug the adapter in, or correct bus.port", Style.BAD
        case None:
            return "not tried yet", Style.DIM


def _ticks(bus: BusReport, status: SamplerStatus) -> Iterator[str | tuple[str, Style]]:
    yield f"{bus.rate_hz:g} Hz, {status.ticks} begun, "
    yield f"{status.missed} missed", Style.WARN if status.missed else Style.PLAIN
    if bus.lapped or bus.corrupt:
        yield f"; this view lost {bus.lapped}, {bus.corrupt} corrupt"


def _share(name: str, share: float, what: str) -> tuple[str | tuple[str, Style], ...]:
    style = Style.GOOD if share < 0.8 else Style.WARN if share <= 1 else Style.BAD
    drawn = bar(share, _BAR_WIDTH)
    return f"{name:<8} ", (drawn, style), f" {share:4.0%} {what}"


def _timetable(status: SamplerStatus) -> Iterator[Line]:
    """Show what the ticks carry, if they do not all carry the same."""
    if len(status.timetable) < 2:
        return
    yield line()
    heads = ("of all ticks", "planned", "of period", "carry")
    yield line((columns((-14, 7, 9, -45), heads), Style.DIM))
    for row in status.timetable:
        cells = (
            f"{row.share:.0%}",
            span(row.wire_s),
            f"{row.wire_s / status.period_s:.0%}",
            row.what,
        )
        yield line(columns((-14, 7, 9, -45), cells))


def _meters(counts: list[MeterCounts]) -> Iterator[Line]:
    yield line()
    yield line((columns(_WIDTHS, _HEADS), Style.DIM))
    for each in counts:
        samples = each.good + each.bad
        yield line(
            columns(
                _WIDTHS,
                (
                    each.meter,
                    span(each.planned_s),
                    span(each.busy_s / samples) if samples else "-",
                    span(each.longest_s) if samples else "-",
                    count(each.good),
                    *(count(each.faults.get(kind, 0)) for kind in _KINDS),
                ),
            )
        )

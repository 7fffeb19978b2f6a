# SPDX-License-Identifier: Apache-2.0
"""The page of the publisher: broker, EVerest's modules, transactions, journal."""

from collections.abc import Iterator, Mapping

from ipc.histogram import Histogram
from ipc.status import JournalStatus, ModuleStatus, PublishedMeter, PublisherStatus
from ipc.units import NS_PER_S
from ipc.watch.report import PublisherState, Report
from ipc.watch.text import Line, Style, count, line, size, span

SILENT_AFTER_S = 5.0
"""A module's heartbeats are 1 s apart unless it was configured otherwise."""

_Parts = Iterator[str | tuple[str, Style]]


def everest(report: Report) -> Iterator[Line]:
    """Show what the publisher says of itself."""
    publisher = report.publisher
    runs = publisher.state is PublisherState.RUNNING
    told = (publisher.state.value, Style.GOOD if runs else Style.BAD)
    if publisher.status is None:
        yield line("publisher  ", told)
        if publisher.unread:
            yield line((publisher.unread, Style.WARN))
        return
    stamp = publisher.status.stamp
    lasts_s = (report.wall_ns - stamp.started_ns) / NS_PER_S
    age = span(publisher.age_s or 0)
    yield line(
        "publisher  ", told, f", pid {stamp.pid}, for {span(lasts_s)}, told {age} ago"
    )
    yield from _ways(publisher.status)
    for meter in publisher.status.meters:
        yield line()
        hears = publisher.status.broker.connected
        yield from _meter(report, meter, hears=hears)


def _ways(status: PublisherStatus) -> Iterator[Line]:
    """Show broker, rings, replies and journal."""
    broker = status.broker
    way = ("connected", Style.GOOD) if broker.connected else ("away", Style.BAD)
    yield line(
        "broker     ",
        way,
        f", {broker.address}, connections {broker.connections},"
        f" refused {broker.refused}, in flight {broker.waiting}",
    )
    yield line(f"samples    {count(status.samples)} read, {status.lapped} lost")
    yield line("replies    ", _latency(status.reply_latency))
    if status.journal:
        yield line("journal    ", *_journal(status.journal))


def _latency(replies: Histogram) -> str:
    told = f"{count(replies.total)} given"
    if half := replies.bound_of(0.5):
        told += f", half of them within {span(half)}"
    if most := replies.bound_of(0.99):
        told += f", 99 % within {span(most)}"
    return told


def _journal(journal: JournalStatus) -> _Parts:
    if journal.reason:
        yield journal.reason, Style.BAD
        return
    yield "good", Style.GOOD
    if journal.size_bytes is not None:
        yield f", {size(journal.size_bytes)}"
    if journal.next_pagination is not None:
        yield f", next record T{journal.next_pagination}"
    yield f", {journal.path}"


def _meter(report: Report, meter: PublishedMeter, *, hears: bool) -> Iterator[Line]:
    lasts = span((report.wall_ns - meter.since_ns) / NS_PER_S)
    match meter.reason:
        case None:
            well = ("not judged yet", Style.DIM)
        case "" if not hears:
            well = ("well, but EVerest hears nothing: the broker is away", Style.BAD)
        case "":
            well = (f"EVerest is told that all is well, for {lasts}", Style.GOOD)
        case reason:
            well = (f"EVerest is told nothing, for {lasts}: {reason}", Style.BAD)
    yield line((meter.meter, Style.BOLD), "  ", well)
    yield line("  module   ", *_module(report, meter.module))
    yield line(
        f"  values   {count(meter.published)} published,"
        f" {meter.incomplete} incomplete, {meter.dropped} dropped (no broker)"
    )
    yield line("  requests ", _told(meter.requests), "; replies ", _told(meter.replies))
    if meter.transactions or meter.transaction is not None:
        yield line("  records  ", *_transactions(meter))


def _module(report: Report, module: ModuleStatus) -> _Parts:
    yield module.module_id
    match module.is_found:
        case True:
            yield ", found"
        case False:
            yield ", "
            yield "EVerest has no such module", Style.BAD
        case None:
            yield ", not looked up"
    if module.heard_ns is None:
        yield ", no heartbeat yet"
        return
    age_s = (report.mono_ns - module.heard_ns) / NS_PER_S
    yield ", heartbeat "
    yield f"{span(age_s)} ago", Style.GOOD if age_s < SILENT_AFTER_S else Style.BAD
    yield f", restarts {module.restarts}"


def _transactions(meter: PublishedMeter) -> _Parts:
    if meter.transaction is not None:
        yield f"open: {meter.transaction}", Style.WARN
        yield "; "
    yield _told(meter.transactions)


def _told(counts: Mapping[str, int]) -> str:
    happened = sorted(item for item in counts.items() if item[1])
    told = (f"{count(number)} {name}" for name, number in happened)
    return ", ".join(told) or "none"

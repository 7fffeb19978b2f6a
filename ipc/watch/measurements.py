# SPDX-License-Identifier: Apache-2.0
"""From a report to the values of the metrics. What is not known is absent, never 0."""

from collections.abc import Iterator
from itertools import chain

import msgspec

from ipc.histogram import Histogram
from ipc.liveness import WriterState
from ipc.sample import Quality
from ipc.status import JournalStatus, PublishedMeter, PublisherStatus, SamplerStatus
from ipc.units import NS_PER_S
from ipc.watch.report import BusReport, MeterReport, PublisherState, Report

FAULTS = tuple(str(flag.name).lower() for flag in Quality)
OUTCOMES = ("begun", "ended", "abandoned", "lost")
"""Of transactions; there from the start, so that a rate has a zero to begin at."""


class Measurement(msgspec.Struct, frozen=True):
    """One value of a family (a key of FAMILIES), with the values of its labels."""

    family: str
    labels: tuple[str, ...]
    value: float | Histogram


def measurements(report: Report) -> Iterator[Measurement]:
    """Give every value that is known."""
    for bus in report.buses:
        yield from _bus(bus)
    publisher = report.publisher
    runs = publisher.state is PublisherState.RUNNING
    yield Measurement("publisher_running", (), runs)
    if publisher.status and runs:
        yield from _publisher(publisher.status)
        for meter in publisher.status.meters:
            yield from _published(meter, hears=publisher.status.broker.connected)
            yield from _everest(meter, report.mono_ns)


def _bus(bus: BusReport) -> Iterator[Measurement]:
    runs = bus.state is WriterState.RUNNING
    yield Measurement("sampler_running", (bus.bus,), runs)
    if bus.writer:
        yield Measurement("sampler_starts", (bus.bus,), bus.writer.epoch)
    if bus.status and runs:
        yield from _sampler(bus.bus, bus.status)
    for meter in bus.meters:
        yield from _meter(bus.bus, meter)


def _sampler(bus: str, status: SamplerStatus) -> Iterator[Measurement]:
    if status.port_is_open is not None:
        yield Measurement("port_open", (bus,), status.port_is_open)
    yield Measurement("ticks", (bus,), status.ticks)
    yield Measurement("ticks_missed", (bus,), status.missed)
    yield Measurement("tick_lateness_seconds", (bus,), status.lateness)
    yield Measurement("tick_period_seconds", (bus,), status.period_s)
    yield Measurement("tick_planned_seconds", (bus,), status.worst_s)
    for counts in status.meters:
        labels = (bus, counts.meter)
        for outcome in ("good", "bad", "skipped"):
            value = getattr(counts, outcome)
            yield Measurement("samples", (*labels, outcome), value)
        for kind in FAULTS:
            yield Measurement("faults", (*labels, kind), counts.faults.get(kind, 0))
        yield Measurement("bus_busy_seconds", labels, counts.busy_s)


def _meter(bus: str, meter: MeterReport) -> Iterator[Measurement]:
    labels = (bus, meter.meter)
    yield Measurement("meter_healthy", labels, meter.problem is None)
    if meter.good_age_s is not None:
        yield Measurement("sample_age_seconds", labels, meter.good_age_s)
    if meter.rate_hz is not None:
        yield Measurement("sample_rate_hertz", labels, meter.rate_hz)


def _publisher(status: PublisherStatus) -> Iterator[Measurement]:
    broker = status.broker
    for family, value in (
        ("publisher_samples", status.samples),
        ("publisher_samples_lapped", status.lapped),
        ("broker_connected", broker.connected),
        ("broker_connections", broker.connections),
        ("broker_refusals", broker.refused),
        ("broker_unacknowledged", broker.waiting),
    ):
        yield Measurement(family, (), value)
    yield Measurement("reply_latency_seconds", (), status.reply_latency)
    if status.journal:
        yield from _journal(status.journal)


def _published(meter: PublishedMeter, *, hears: bool) -> Iterator[Measurement]:
    """Give what EVerest is told; it hears nothing while the broker is away."""
    name = meter.meter
    is_told = meter.reason == "" and hears
    yield Measurement("communication_check", (name,), is_told)
    for outcome in ("published", "incomplete", "dropped"):
        yield Measurement("values", (name, outcome), getattr(meter, outcome))
    for request, number in meter.requests.items():
        yield Measurement("requests", (name, request), number)
    for status, number in meter.replies.items():
        yield Measurement("replies", (name, status), number)
    for outcome in dict.fromkeys(chain(OUTCOMES, meter.transactions)):
        number = meter.transactions.get(outcome, 0)
        yield Measurement("transactions", (name, outcome), number)
    yield Measurement("transaction_open", (name,), meter.transaction is not None)


def _everest(meter: PublishedMeter, now_ns: int) -> Iterator[Measurement]:
    module = meter.module
    labels = (meter.meter, module.module_id)
    if module.is_found is not None:
        yield Measurement("everest_module_found", labels, module.is_found)
    if module.heard_ns is not None:
        age_s = (now_ns - module.heard_ns) / NS_PER_S
        yield Measurement("everest_heartbeat_age_seconds", labels, age_s)
    yield Measurement("everest_restarts", labels, module.restarts)


def _journal(journal: JournalStatus) -> Iterator[Measurement]:
    yield Measurement("journal_writable", (), not journal.reason)
    if journal.size_bytes is not None:
        yield Measurement("journal_size_bytes", (), journal.size_bytes)
    if journal.next_pagination is not None:
        yield Measurement("journal_next_pagination", (), journal.next_pagination)

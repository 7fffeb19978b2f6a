# SPDX-License-Identifier: Apache-2.0
"""The closed list of metrics: name, kind, labels and meaning.

Named by Prometheus' conventions: base units, `_total` for what counts up from a start.
Ages are told and no instants, because the charger's wall clock may be wrong and the
monotonic one is not.
"""

import enum

import msgspec


class Kind(enum.StrEnum):
    """What Prometheus does with it."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Family(msgspec.Struct, frozen=True):
    """One metric. `name` is as it is in a query; a histogram's lacks its suffix."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str


_BUS = ("bus",)
_METER = ("bus", "meter")
_MODULE = ("meter", "module_id")


def _gauge(name: str, labels: tuple[str, ...], meaning: str) -> Family:
    return Family(f"powermeter_{name}", Kind.GAUGE, labels, meaning)


def _counter(name: str, labels: tuple[str, ...], meaning: str) -> Family:
    return Family(f"powermeter_{name}_total", Kind.COUNTER, labels, meaning)


def _histogram(name: str, labels: tuple[str, ...], meaning: str) -> Family:
    return Family(f"powermeter_{name}", Kind.HISTOGRAM, labels, meaning)


FAMILIES = {
    family.name.removeprefix("powermeter_").removesuffix("_total"): family
    for family in (
        # The sampler of a bus.
        _gauge("sampler_running", _BUS, "1 while the bus's sampler lives and beats"),
        _counter("sampler_starts", _BUS, "Samplers that have owned the bus's ring"),
        _gauge("port_open", _BUS, "1 while the serial port is there"),
        _counter("ticks", _BUS, "Ticks that were begun"),
        _counter("ticks_missed", _BUS, "Ticks that could not begin in time"),
        _histogram("tick_lateness_seconds", _BUS, "How late ticks began"),
        _gauge("tick_period_seconds", _BUS, "Time between two ticks"),
        _gauge("tick_planned_seconds", _BUS, "Wire time of the fullest tick, planned"),
        # A meter on it.
        _gauge("meter_healthy", _METER, "1 while its newest good sample is fresh"),
        _gauge("sample_age_seconds", _METER, "Age of the newest good sample"),
        _gauge("sample_rate_hertz", _METER, "Samples a second, good or not"),
        _counter(
            "samples", (*_METER, "outcome"), "Samples that were good, bad or skipped"
        ),
        _counter("faults", (*_METER, "kind"), "Faults in samples that were not good"),
        _counter("bus_busy_seconds", _METER, "Time the bus was busy with this meter"),
        # The publisher.
        _gauge("publisher_running", (), "1 while the publisher lives and writes"),
        _counter("publisher_samples", (), "Samples the publisher took from the rings"),
        _counter("publisher_samples_lapped", (), "Samples it was too late for"),
        _gauge("broker_connected", (), "1 while the MQTT broker has accepted us"),
        _counter("broker_connections", (), "Connections the broker has accepted"),
        _counter("broker_refusals", (), "Publishes that the broker has refused"),
        _gauge("broker_unacknowledged", (), "Messages it has not acknowledged yet"),
        _histogram("reply_latency_seconds", (), "From a request to our reply"),
        # What EVerest is told of a meter, and what it asks.
        _gauge(
            "communication_check", ("meter",), "1 while EVerest is told all is well"
        ),
        _counter(
            "values", ("meter", "outcome"), "Values published, incomplete or dropped"
        ),
        _counter("requests", ("meter", "request"), "Requests of EVerest"),
        _counter("replies", ("meter", "status"), "Replies to EVerest by their status"),
        _gauge("everest_module_found", _MODULE, "1 if EVerest has the meter's module"),
        _gauge("everest_heartbeat_age_seconds", _MODULE, "Age of its newest heartbeat"),
        _counter("everest_restarts", _MODULE, "Restarts that its heartbeats told"),
        # Transactions.
        _counter("transactions", ("meter", "outcome"), "Transactions by what they did"),
        _gauge("transaction_open", ("meter",), "1 while a transaction is open"),
        _gauge("journal_writable", (), "1 while transactions can be written"),
        _gauge("journal_size_bytes", (), "The journal and its write-ahead log"),
        _gauge("journal_next_pagination", (), "Number of the gateway's next record"),
    )
}
"""By name without prefix and suffix."""

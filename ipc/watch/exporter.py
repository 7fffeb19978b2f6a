# SPDX-License-Identifier: Apache-2.0
"""The metrics for Prometheus: over HTTP, or as a file for node_exporter.

The only file that knows prometheus-client (extra `metrics`). The two processes that
measure know nothing of it: whoever exports reads what powermeter-watch reads.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server, write_to_textfile
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from ipc.histogram import Histogram
from ipc.watch.families import FAMILIES, Family, Kind
from ipc.watch.measurements import measurements
from ipc.watch.report import Report


class Reports(Collector):
    """Looks anew for every page that is asked for."""

    def __init__(self, look: Callable[[], Report]) -> None:
        self._look = look
        self._lock = threading.Lock()  # each request has a thread of the server's

    def collect(self) -> Iterable[Metric]:
        """Give the families of which something is known, in the table's order."""
        with self._lock:
            report = self._look()
        made: dict[str, Metric] = {}
        for each in measurements(report):
            family = FAMILIES[each.family]
            metric = made.get(each.family) or _metric(family)
            made[each.family] = metric
            _add(metric, family, each.labels, each.value)
        return [made[name] for name in FAMILIES if name in made]


def registry(look: Callable[[], Report]) -> CollectorRegistry:
    """Make a registry of our own metrics and no others."""
    made = CollectorRegistry()
    made.register(Reports(look))
    return made


@contextlib.contextmanager
def serving(metrics: CollectorRegistry, host: str, port: int) -> Iterator[int]:
    """Serve them over HTTP while in here; give the port. OSError: it cannot be had.

    There is no password and no encryption: the address should be of this machine.
    """
    server, thread = start_http_server(port, host, metrics)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write(metrics: CollectorRegistry, path: Path) -> None:
    """Replace the file; node_exporter sees the old or the new. OSError: it cannot."""
    write_to_textfile(str(path), metrics)


def _metric(family: Family) -> Metric:
    name, about, labels = family.name, family.meaning, family.labels
    match family.kind:
        case Kind.GAUGE:
            return GaugeMetricFamily(name, about, labels=labels)
        case Kind.COUNTER:
            return CounterMetricFamily(name, about, labels=labels)
        case Kind.HISTOGRAM:
            return HistogramMetricFamily(name, about, labels=labels)


def _add(
    metric: Metric, family: Family, labels: tuple[str, ...], value: float | Histogram
) -> None:
    if isinstance(metric, HistogramMetricFamily) and isinstance(value, Histogram):
        bounds = (*map(floatToGoString, value.bounds), "+Inf")
        buckets = list(zip(bounds, accumulate(value.counts), strict=True))
        metric.add_metric(labels, buckets, value.sum_s)
    elif not isinstance(value, Histogram):
        named = dict(zip(family.labels, labels, strict=True))
        metric.add_sample(family.name, named, value)

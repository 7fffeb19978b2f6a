# SPDX-License-Identifier: Apache-2.0
"""powermeter-watch beside a whole station: what it sees is what happened."""

import contextlib
import signal
from collections import Counter

import pytest
from prometheus_client import generate_latest

from ipc import config
from ipc.clock import SystemClock
from ipc.stop import Stop
from ipc.watch.exporter import registry
from ipc.watch.look import Watch
from ipc.watch.pages import PAGES, View, frame
from ipc.watch.report import PublisherState
from ipc.watch.text import plain
from tests.system.test_chain import START, ask, see_checks

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.fixture
def watch(station):
    """Give a watch of the station that signs."""
    station.sign()
    stop = Stop()
    loaded = config.load(station.config)
    with contextlib.closing(Watch(loaded, SystemClock(stop))) as watch:
        yield watch
    stop.close()


@pytest.fixture
def everest(station, watch):  # noqa: ARG001 - it is watched from before its start
    """Give EVerest's end of the station."""
    station.start_all()
    with station.everest() as everest:
        see_checks(station, everest)
        yield everest
        assert list(everest.everest.rejections) == []


def until(station, everest, watch, condition):
    """Look until what is seen is so; give the report."""
    seen = []

    def is_so():
        seen[:] = [watch.look()]
        return condition(seen[0])

    station.until(everest, is_so, "what the watch is to see")
    return seen[0]


def begin(station, everest):
    request = everest.start_transaction({**START, "transaction_id": "b7a1"})
    assert ask(station, everest, request)["status"] == "OK"


def published(report):
    status = report.publisher.status
    return status.meters[0] if status else None


def test_a_station_in_the_middle_of_a_transaction_is_seen_whole(
    station, everest, watch
):
    begin(station, everest)
    report = until(
        station, everest, watch, lambda seen: published(seen).transaction == "b7a1"
    )
    [bus] = report.buses
    counts = bus.counts("charger")
    assert report.healthy
    assert report.publisher.state is PublisherState.RUNNING
    assert bus.status.port_is_open
    assert counts.good > 0
    assert counts.busy_s > 0
    assert bus.status.lateness.total == bus.status.ticks
    assert 0 < bus.spread.in_use < 1
    status, meter = report.publisher.status, published(report)
    assert status.broker.connected
    assert status.journal.reason == ""
    assert status.reply_latency.total == 1
    assert (meter.reason, meter.transactions) == ("", {"begun": 1})
    assert meter.requests == {"start": 1}
    assert +Counter(meter.replies) == {"ok": 1}
    assert meter.published > 0


def test_the_end_of_a_transaction_is_seen(station, everest, watch):
    begin(station, everest)
    reply = ask(station, everest, everest.stop_transaction("b7a1"))
    assert reply["status"] == "OK"
    report = until(
        station,
        everest,
        watch,
        lambda seen: published(seen).transactions == {"begun": 1, "ended": 1},
    )
    assert published(report).transaction is None
    assert report.publisher.status.journal.next_pagination == 2


def test_everests_module_is_seen_to_live(station, everest, watch):
    report = until(
        station, everest, watch, lambda seen: published(seen).module.heard_ns
    )
    assert published(report).module.module_id == "pm_1"


def test_every_page_and_every_metric_of_a_live_station_can_be_told(
    station, everest, watch
):
    report = until(
        station,
        everest,
        watch,
        lambda seen: (
            published(seen).reason == "" and seen.publisher.status.broker.connected
        ),
    )
    for page in PAGES:
        lines = frame(report, View(page=page), width=80, height=24)
        told = "\n".join(plain(line) for line in lines)
        assert "all meters well" in told
        assert "missing" not in told
    page = generate_latest(registry(lambda: report)).decode()
    for told in (
        'powermeter_meter_healthy{bus="bus",meter="charger"} 1.0',
        'powermeter_communication_check{meter="charger"} 1.0',
        "powermeter_broker_connected 1.0",
        "powermeter_journal_writable 1.0",
    ):
        assert told in page


def test_a_process_that_leaves_is_missing_and_one_that_is_killed_is_not_believed(
    station, everest, watch
):
    until(station, everest, watch, published)
    assert station.end("publisher") == 0
    assert watch.look().publisher.state is PublisherState.MISSING
    station.end("sampler", signal.SIGKILL)
    report = watch.look()
    assert not report.healthy
    assert report.buses[0].meters[0].problem == "sampler dead"

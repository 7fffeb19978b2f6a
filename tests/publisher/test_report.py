# SPDX-License-Identifier: Apache-2.0
"""The log: changes of state, and one line a minute."""

from publisher.health import Health
from publisher.messages import Reply, Status, StopTransactionRequest
from publisher.outbox import Note
from publisher.requests import Request, Unreadable
from tests.fakes import FakeClock, FakeLog, FakeRing, sample_of
from tests.publisher.parts import feed_of, meter_of, report_of

GOOD = Health(reason="")
STALE = Health(reason="newest good sample is older than 3 s")
NONE_YET = Health(reason="no good sample yet")


def test_only_a_change_of_health_is_logged():
    log, meter = FakeLog(), meter_of()
    report = report_of(FakeClock(), log)
    for health in (NONE_YET, NONE_YET, GOOD, GOOD, STALE, STALE, GOOD):
        report.health(meter, health)
    told = [(level, event) for level, event, _ in log.lines]
    assert told == [
        ("info", "health_awaited"),
        ("info", "health_good"),
        ("warning", "health_lost"),
        ("info", "health_good"),
    ]
    assert log.fields_of("health_lost") == {
        "meter": "charger-1",
        "reason": STALE.reason,
    }


def test_each_meter_has_its_own_health():
    log = FakeLog()
    report = report_of(FakeClock(), log)
    report.health(meter_of(name="left"), GOOD)
    report.health(meter_of(name="right"), GOOD)
    assert log.events() == ["health_good", "health_good"]


def test_windows_that_lack_the_energy_are_told_once_a_minute():
    log, clock = FakeLog(), FakeClock()
    report = report_of(clock, log)
    for _ in range(120):
        report.incomplete(meter_of())
        clock.advance(1)
    assert log.events() == ["values_incomplete"] * 2
    assert "energy imported" in log.fields_of("values_incomplete")["remedy"]


def test_once_a_minute_one_line_has_the_counts_of_that_minute():
    log, clock, ring, meter = FakeLog(), FakeClock(), FakeRing(), meter_of()
    report = report_of(clock, log)
    feed = feed_of(meter, ring=ring, clock=clock)
    for minute in range(2):
        for _ in range(60):
            ring.write(sample_of())
            list(feed.drain(0))
            report.published(meter)
            report.tick([feed])
            clock.advance(1)
        ring.lapped = minute + 3
    report.tick([feed])
    lines = [fields for _, event, fields in log.lines if event == "values_published"]
    assert [line["samples"] for line in lines] == [61, 59]
    assert [line["values_charger-1"] for line in lines] == [61, 59]
    assert [line["lapped_total"] for line in lines] == [3, 4]


def test_the_content_of_a_request_stays_out_of_the_log():
    log = FakeLog()
    report = report_of(FakeClock(), log)
    reply = Reply(status=Status.UNEXPECTED_ERROR, error="request not understood: x")
    refused = Request(content=Unreadable(reason="x"), reply_to="a/m2e/reply/secret")
    report.answered(meter_of(), refused, reply, answered=True)
    assert log.events() == ["request_refused"]
    assert "secret" not in str(log.lines)
    assert log.fields_of("request_refused")["answered"] is True


def test_a_flood_of_requests_is_one_line_and_a_count():
    log, clock = FakeLog(), FakeClock()
    report = report_of(clock, log)
    request = Request(content=Unreadable(reason="x"), reply_to=None)
    reply = Reply(status=Status.UNEXPECTED_ERROR)
    for _ in range(1000):
        report.answered(meter_of(), request, reply, answered=False)
    assert len(log.lines) == 1
    report.summary([])
    assert log.fields_of("values_published")["requests"] == 1000


def test_what_an_operator_is_asked_about_later_is_never_held_back():
    log = FakeLog()
    report = report_of(FakeClock(), log)
    for _ in range(5):
        report.noted(Note(event="transaction_ended", meter="m", detail="T1"))
        report.noted(Note(event="journal_refused", meter="m", is_warning=True))
    assert log.events().count("transaction_ended") == 5
    assert [level for level, event, _ in log.lines if "refused" in event] == ["warning"]


def test_what_is_told_is_counted_since_the_start_too():
    clock, meter = FakeClock(), meter_of()
    report, name = report_of(clock), meter.table.name
    report.published(meter)
    report.dropped(meter)
    report.incomplete(meter)
    report.health(meter, STALE)
    report.noted(Note(event="transaction_begun", meter=name))
    report.summary([])
    tally = report.tally.meters[name]
    assert (tally.published, tally.dropped, tally.incomplete) == (1, 1, 1)
    assert tally.reason == STALE.reason
    assert tally.transactions == {"begun": 1}


def test_replies_at_once_and_later_ones_are_timed():
    clock, meter = FakeClock(), meter_of()
    report, name = report_of(clock), meter.table.name
    reply = Reply(status=Status.UNEXPECTED_ERROR)
    refused = Request(content=Unreadable(reason="x"), reply_to="a/1")
    report.answered(meter, refused, reply, answered=True, waited=False)
    stop = StopTransactionRequest(transaction_id="t")
    report.asked(meter, Request(content=stop, reply_to="a/2"), waited=False)
    clock.advance(0.25)
    report.replied("a/2", Reply(status=Status.OK), answered=True)
    tally = report.tally.meters[name]
    assert tally.requests == {"unreadable": 1, "stop": 1}
    assert +tally.replies == {"unexpected_error": 1, "ok": 1}
    assert report.tally.latency.sum_s == 0.25

# SPDX-License-Identifier: Apache-2.0
"""The page of the publisher, line by line: what is known, and what is not."""

import pytest

from ipc.histogram import Histogram
from ipc.status import JournalStatus, ModuleStatus
from ipc.watch.everestpage import everest
from ipc.watch.report import PublisherState
from ipc.watch.text import Style, plain
from tests.ipc.watch.reports import (
    MONO_NS,
    published,
    publisher,
    publisher_status,
    report,
)

S = 10**9


def lines(**changes):
    told = publisher(status=publisher_status(**changes))
    return list(everest(report(publisher=told)))


def text(shown):
    return "\n".join(plain(each) for each in shown)


def line_of(shown, head):
    [found] = [plain(each) for each in shown if plain(each).lstrip().startswith(head)]
    return found


def journal(**changes):
    values = {"path": "/j", "reason": "", "size_bytes": 45_056, "next_pagination": 7}
    return JournalStatus(**values | changes)


def module(**changes):
    values = {
        "module_id": "pm",
        "is_found": True,
        "heard_ns": MONO_NS - 2 * S,
        "restarts": 0,
    }
    return ModuleStatus(**values | changes)


def one(**changes):
    return lines(meters=[published(**changes)])


@pytest.mark.parametrize(
    ("state", "style"),
    [
        (PublisherState.RUNNING, Style.GOOD),
        (PublisherState.SILENT, Style.BAD),
        (PublisherState.MISSING, Style.BAD),
    ],
)
def test_only_a_publisher_that_runs_is_shown_as_good(state, style):
    first, *_ = everest(report(publisher=publisher(state=state)))
    assert (state.value, style) in first


def test_without_a_status_there_is_one_line_and_why_it_could_not_be_read():
    told = publisher(state=PublisherState.UNREADABLE, status=None, unread="s: denied")
    assert [plain(each) for each in everest(report(publisher=told))] == [
        f"publisher  {PublisherState.UNREADABLE.value}",
        "s: denied",
    ]
    told = publisher(state=PublisherState.MISSING, status=None, unread=None)
    assert len(list(everest(report(publisher=told)))) == 1


@pytest.mark.parametrize(
    ("observed", "told"),
    [
        ((), "0 given"),
        ((0.4,), "1 given, half of them within 500 ms, 99 % within 500 ms"),
        ((0.4, 30.0), "2 given, half of them within 500 ms"),
        ((30.0,), "1 given"),
    ],
)
def test_replies_are_told_as_far_as_their_durations_are_known(observed, told):
    latency = Histogram.of(0.5, 1.0)
    for duration_s in observed:
        latency.observe(duration_s)
    assert line_of(lines(reply_latency=latency), "replies") == f"replies    {told}"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "good, 45 kB, next record T7, /j"),
        ({"size_bytes": None}, "good, next record T7, /j"),
        ({"size_bytes": 0}, "good, 0 B, next record T7, /j"),
        ({"next_pagination": None}, "good, 45 kB, /j"),
        ({"size_bytes": None, "next_pagination": None}, "good, /j"),
        ({"reason": "/j: the disk is full"}, "/j: the disk is full"),
    ],
)
def test_a_journal_is_told_by_its_trouble_or_else_by_what_is_known(changes, told):
    assert line_of(lines(journal=journal(**changes)), "journal") == f"journal    {told}"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "pm, found, heartbeat 2.0 s ago, restarts 0"),
        ({"is_found": None}, "pm, not looked up, heartbeat 2.0 s ago, restarts 0"),
        ({"is_found": False, "heard_ns": None}, "pm, EVerest has no such module"),
        ({"heard_ns": None}, "pm, found, no heartbeat yet"),
    ],
)
def test_a_module_is_told_by_what_everest_said_and_by_its_heartbeat(changes, told):
    assert (
        line_of(one(module=module(**changes)), "module")
        .strip()
        .startswith(f"module   {told}")
    )


@pytest.mark.parametrize(
    ("age_s", "style"), [(4, Style.GOOD), (5, Style.BAD), (600, Style.BAD)]
)
def test_a_heartbeat_that_is_late_stands_out(age_s, style):
    shown = one(module=module(heard_ns=MONO_NS - age_s * S))
    [found] = [part[1] for each in shown for part in each if " ago" in part[0]][-1:]
    assert found is style


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"transaction": "t-1", "transactions": {}}, "records  open: t-1; none"),
        (
            {"transaction": None, "transactions": {"ended": 2, "begun": 2}},
            "records  2 begun, 2 ended",
        ),
        (
            {"transaction": "t-1", "transactions": {"begun": 1}},
            "records  open: t-1; 1 begun",
        ),
    ],
)
def test_transactions_are_told_if_there_are_any(changes, told):
    assert line_of(one(**changes), "records").strip() == told


def test_a_meter_that_never_had_a_transaction_has_no_line_for_them():
    assert "records" not in text(one(transaction=None, transactions={}))


def test_a_meter_that_was_asked_nothing_says_none():
    for replies in ({}, {"ok": 0, "not_supported": 0}):
        told = line_of(one(requests={}, replies=replies), "requests")
        assert told.strip() == "requests none; replies none"

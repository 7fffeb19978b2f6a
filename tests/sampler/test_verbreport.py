# SPDX-License-Identifier: Apache-2.0
"""What is said of verbs: changes of a meter, and whatever fails; not each look."""

import pytest

from ipc.commands import (
    Call,
    ConfirmRecord,
    Done,
    Failed,
    FailureKind,
    GetIdentity,
    GetTransactionState,
    MeterPhase,
    ReadRecord,
    RecordTold,
    StateTold,
)
from sampler.verbreport import VerbReport
from tests.fakes import FakeClock, FakeLog

SILENT = Failed(kind=FailureKind.SILENT, reason="not done within 5 s")


class Told:
    def __init__(self):
        self.clock, self.log, self.at_work = FakeClock(), FakeLog(), []
        watcher = self.at_work.append
        self.report = VerbReport(log=self.log, clock=self.clock, watcher=watcher)


@pytest.fixture
def told():
    return Told()


def call(command, meter="m"):
    return Call(number=1, meter=meter, command=command, timeout_s=5)


def test_a_verb_that_changed_the_meter_is_told(told):
    told.report.verb(call(ReadRecord()), RecordTold(record="OCMF|{}|{}"))
    told.report.verb(call(ConfirmRecord()), Done())
    assert [line[2]["verb"] for line in told.log.lines] == [
        "ReadRecord",
        "ConfirmRecord",
    ]
    assert told.log.events() == ["verb_done"] * 2
    assert "OCMF" not in str(told.log.lines)


def test_a_look_is_not_told(told):
    told.report.verb(call(GetTransactionState()), StateTold(phase=MeterPhase.IDLE))
    assert told.log.lines == []


def test_a_failure_is_told_with_its_reason_and_once_a_minute(told):
    for _ in range(5):
        told.report.verb(call(GetIdentity()), SILENT)
    assert told.log.events() == ["verb_failed"]
    fields = told.log.fields_of("verb_failed")
    assert (fields["meter"], fields["verb"]) == ("m", "GetIdentity")
    assert (fields["kind"], fields["reason"]) == ("silent", SILENT.reason)
    told.clock.advance(61)
    told.report.verb(call(GetIdentity()), SILENT)
    assert told.log.lines[-1][2]["held_back"] == 4


def test_a_caller_that_names_any_meter_neither_fills_the_log_nor_the_memory(told):
    for number in range(1000):
        unknown = call(GetIdentity(), meter=f"{number}" * 1000)
        told.report.verb(unknown, SILENT)
    assert len(told.log.lines) == 1
    assert len(told.log.fields_of("verb_failed")["meter"]) == 64
    assert len(told.report._limit._last) == 1


def test_what_is_at_work_is_told_when_it_changes(told):
    calls = [call(ReadRecord()), call(GetIdentity(), "n")]
    for _ in range(3):
        told.report.at_work(calls)
    told.report.at_work([])
    assert told.at_work == ["ReadRecord of m, GetIdentity of n", None]

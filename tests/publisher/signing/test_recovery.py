# SPDX-License-Identifier: Apache-2.0
"""Restarts and power cuts: of the publisher, of the sampler, of the meter."""

import pytest

from ipc.commands import (
    BeginTransaction,
    ConfirmRecord,
    EndTransaction,
    FailureKind,
    GetIdentity,
    MeterPhase,
    ReadRecord,
)


def begun_by_somebody(bureau, name="stranger"):
    """Have a transaction on the meter that the journal knows nothing of."""
    bureau.meter.begin(name)
    return bureau


# The publisher's process.


def test_a_transaction_that_runs_goes_on_after_a_restart(bureau):
    bureau.started().restart()
    assert bureau.clerk.is_ready("m") != ""
    bureau.settled()
    assert bureau.clerk.is_ready("m") == ""
    bureau.stop()
    bureau.settled()
    assert bureau.record() in bureau.meter.made


def test_killed_before_the_meter_heard_of_it_nothing_is_left(bureau):
    bureau.settled()
    bureau.start()
    bureau.until_asked(BeginTransaction)
    bureau.restart()
    bureau.settled()
    assert bureau.entries() == {}
    bureau.start(caller="start again")
    bureau.settled()
    assert bureau.told("start again") == {"status": "OK"}


@pytest.mark.parametrize("tells_id", [True, False])
def test_killed_after_the_meter_began_it_is_open_all_the_same(bureau, tells_id):
    bureau.meter.tells_id = tells_id
    bureau.settled()
    bureau.start()
    bureau.until_asked(BeginTransaction)
    bureau.meter.do(bureau.channel.commands[-1])
    bureau.restart()
    bureau.settled()
    bureau.start(caller="start again")
    assert bureau.told("start again") == {"status": "OK"}
    assert len(bureau.entries()) == 1


@pytest.mark.parametrize("tells_id", [True, False])
@pytest.mark.parametrize("verb", [EndTransaction, ReadRecord, ConfirmRecord])
@pytest.mark.parametrize("is_done", [True, False])
def test_killed_at_any_step_of_a_stop_the_same_record_is_had(
    bureau, verb, is_done, tells_id
):
    bureau.meter.tells_id = tells_id
    bureau.started().stop()
    bureau.until_asked(verb)
    if is_done:
        bureau.meter.do(bureau.channel.commands[-1])
    bureau.restart()
    bureau.settled()
    bureau.stop(caller="stop again")
    bureau.settled()
    [text] = bureau.meter.made
    assert bureau.record("stop again") == text
    assert list(bureau.entries()) == ["t-1"]
    assert bureau.meter.phase is MeterPhase.IDLE
    assert bureau.entries()["t-1"].confirmed_ns is not None


def test_what_was_to_be_ended_is_ended_after_a_restart(bureau):
    bureau.started().stop("")
    bureau.restart()
    bureau.settled()
    assert bureau.entries()["t-1"].record in bureau.meter.made
    assert bureau.meter.phase is MeterPhase.IDLE


# What the meter holds and we do not know.


def test_an_unread_record_found_at_boot_is_kept_before_it_is_confirmed(bureau):
    begun_by_somebody(bureau).meter.end()
    bureau.until_asked(ConfirmRecord)
    [text] = bureau.meter.made
    assert bureau.entries()["stranger"].record == text
    assert bureau.entries()["stranger"].request is None
    assert "record_found" in bureau.events()
    bureau.settled()
    assert bureau.meter.phase is MeterPhase.IDLE


def test_an_unread_record_is_given_to_whom_it_belongs(bureau):
    begun_by_somebody(bureau).meter.end()
    bureau.stop("stranger")
    bureau.settled()
    assert bureau.record() in bureau.meter.made


def test_a_record_that_names_nobody_is_kept_by_a_name_of_its_own(bureau):
    bureau.meter.tells_id = False
    begun_by_somebody(bureau).meter.end()
    bureau.settled()
    [name] = bureau.entries()
    assert name.startswith("unknown-")


def test_an_unread_record_found_at_a_start_is_kept_before_another_begins(bureau):
    bureau.settled()
    begun_by_somebody(bureau).meter.end()
    bureau.started("t-2")
    assert set(bureau.entries()) == {"stranger", "t-2"}
    assert bureau.entries()["stranger"].confirmed_ns is not None


def test_what_runs_unknown_to_us_is_left_until_another_begins(bureau):
    begun_by_somebody(bureau).settled()
    assert bureau.meter.phase is MeterPhase.RUNNING
    assert bureau.entries() == {}
    bureau.started("t-2")
    assert set(bureau.entries()) == {"stranger", "t-2"}
    assert bureau.entries()["stranger"].record in bureau.meter.made


def test_what_runs_unknown_to_us_ends_if_it_is_asked_for_by_its_id(bureau):
    begun_by_somebody(bureau).settled()
    bureau.stop("stranger")
    bureau.settled()
    assert bureau.record() in bureau.meter.made


def test_what_runs_unknown_to_us_ends_if_everything_is_to_end(bureau):
    begun_by_somebody(bureau).settled()
    bureau.stop("")
    assert bureau.told("stop c") == {"status": "OK"}
    bureau.settled()
    assert bureau.meter.phase is MeterPhase.IDLE
    assert bureau.entries()["stranger"].record in bureau.meter.made


def test_a_start_that_the_meter_runs_already_but_nobody_wrote_down_has_ended(bureau):
    begun_by_somebody(bureau, "t-1").settled()
    bureau.start("t-1")
    bureau.settled()
    assert bureau.error("start c") == "this transaction has ended already"
    bureau.stop("t-1")
    assert bureau.record() in bureau.meter.made


# The meter loses its power.


def test_a_record_that_waits_after_a_power_cut_is_kept_at_once(bureau):
    bureau.started().meter.lose_power()
    bureau.returns()
    [text] = bureau.meter.made
    assert bureau.entries()["t-1"].record == text
    assert bureau.meter.phase is MeterPhase.IDLE
    bureau.stop()
    assert bureau.record() == text


@pytest.mark.parametrize("verb", [GetIdentity, EndTransaction, ReadRecord])
def test_power_lost_at_any_step_of_a_stop_costs_no_record(bureau, verb):
    bureau.started().stop()
    bureau.until_asked(verb)
    bureau.meter.lose_power()
    bureau.refuses_once("no answer", FailureKind.SILENT)
    bureau.waits(1).settled()
    assert bureau.record() in bureau.meter.made


def test_power_lost_as_it_begins_costs_the_start_nothing_or_all(bureau):
    bureau.settled()
    bureau.start()
    bureau.until_asked(BeginTransaction)
    bureau.meter.do(bureau.channel.commands[-1])
    bureau.meter.lose_power()
    bureau.refuses_once("no answer", FailureKind.SILENT)
    bureau.waits(1).settled()
    assert bureau.error("start c") == "this transaction has ended already"
    bureau.stop()
    assert bureau.record() in bureau.meter.made

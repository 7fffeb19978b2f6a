# SPDX-License-Identifier: Apache-2.0
"""What is not there: a meter, its sampler, its record, its memory, the journal."""

import pytest

from ipc.commands import BeginTransaction, FailureKind, MeterPhase, ReadRecord
from tests.publisher.signing.meters import FakeMeter

# The meter or the sampler is not there.


def test_a_start_while_the_meter_is_silent_is_refused_in_time(bureau):
    bureau.settled()
    bureau.channel.meter = None
    bureau.start()
    for _ in range(31):
        bureau.settled().waits(1)
    assert bureau.error("start c") == "the meter does not answer"
    assert bureau.entries() == {}
    bureau.waits(60).settled()
    assert bureau.clerk.is_ready("m") == "the meter does not answer"


def test_a_stop_while_the_meter_is_silent_can_still_succeed_later(bureau):
    bureau.started().channel.meter = None
    bureau.stop()
    for _ in range(31):
        bureau.settled().waits(1)
    assert bureau.error() == "the meter does not answer"
    assert bureau.entries()["t-1"].open is not None
    bureau.channel.meter = bureau.meter
    bureau.stop(caller="stop again")
    bureau.settled()
    assert bureau.record("stop again") in bureau.meter.made


def test_a_stop_waits_for_a_sampler_that_is_started_anew(bureau):
    bureau.started().channel.is_down = True
    bureau.stop()
    bureau.settled().waits(1).settled()
    bureau.channel.is_down = False
    bureau.waits(1).settled()
    assert bureau.record() in bureau.meter.made


def test_a_request_is_answered_in_time_even_if_the_sampler_never_answers(bureau):
    bureau.settled()
    bureau.start()
    bureau.waits(30)
    assert "in time" in bureau.error("start c")
    bureau.settled()
    assert bureau.meter.phase is MeterPhase.IDLE
    assert bureau.entries() == {}


def test_a_start_given_up_by_then_but_begun_is_ended_again(bureau):
    bureau.settled()
    bureau.start()
    bureau.until_asked(BeginTransaction)
    bureau.waits(30)
    assert "in time" in bureau.error("start c")
    assert bureau.entries()["t-1"].is_dangling
    bureau.settled()
    assert bureau.meter.phase is MeterPhase.IDLE
    assert bureau.entries()["t-1"].record in bureau.meter.made


def test_a_sampler_still_at_work_for_the_process_before_is_waited_for(bureau):
    bureau.started().restart()
    bureau.stop()
    bureau.refuses_once("at work", FailureKind.BUSY)
    assert "stop c" not in bureau.replies()
    bureau.waits(1).settled()
    assert bureau.record() in bureau.meter.made


def test_attempts_nobody_waits_for_become_rare(bureau):
    bureau.channel.meter = None
    bureau.settled()
    for _ in range(3600):
        bureau.waits(1).settled()
    assert len(bureau.channel.commands) < 70
    troubles = [note for note in bureau.notes if note.event == "meter_troubled"]
    assert len(troubles) == 1


# The meter is another, or its record is no more.


def exchange(bureau):
    bureau.channel.meter = FakeMeter("W2")
    return bureau.channel.meter


def test_a_meter_exchanged_in_mid_transaction_is_an_error_that_says_so(bureau):
    bureau.started()
    exchange(bureau)
    bureau.stop()
    bureau.settled()
    assert "exchanged" in bureau.error()
    assert "W1" in bureau.error()
    assert "W2" in bureau.error()
    assert bureau.entries()["t-1"].open is not None
    bureau.channel.meter = bureau.meter
    bureau.stop(caller="stop again")
    bureau.settled()
    assert bureau.record("stop again") in bureau.meter.made


def test_an_exchanged_meter_is_seen_without_being_asked_for(bureau):
    bureau.started()
    exchange(bureau)
    bureau.returns()
    assert "exchanged" in bureau.clerk.is_ready("m")


def test_a_start_on_the_new_meter_gives_the_old_one_up(bureau):
    bureau.started()
    new = exchange(bureau)
    bureau.started("t-2")
    assert new.id == "t-2"
    assert "exchanged" in bureau.entries()["t-1"].failure
    bureau.stop("t-1")
    assert "exchanged" in bureau.error()


def test_what_was_given_up_is_found_after_all_if_the_meter_comes_back(bureau):
    bureau.started()
    exchange(bureau)
    bureau.started("t-2").stop("t-2")
    bureau.settled()
    bureau.meter.lose_power()
    bureau.channel.meter = bureau.meter
    bureau.returns()
    bureau.stop("t-1", caller="stop again")
    assert bureau.record("stop again") in bureau.meter.made
    assert bureau.entries()["t-1"].failure is None


def test_the_new_meters_own_record_is_not_taken_for_the_old_ones(bureau):
    bureau.started()
    new = exchange(bureau)
    new.tells_id = False
    new.begin("elsewhere")
    new.end()
    bureau.returns()
    assert bureau.entries()["t-1"].open is not None
    assert new.phase is MeterPhase.IDLE


def test_a_record_that_is_damaged_is_told_and_no_start_waits_for_it(bureau):
    bureau.started().stop()
    bureau.until_asked(ReadRecord)
    bureau.meter.spoil()
    bureau.refuses_once("no answer", FailureKind.SILENT)
    bureau.waits(1).settled()
    assert "damaged" in bureau.error()
    assert "damaged" in bureau.entries()["t-1"].failure
    bureau.stop(caller="stop again")
    assert "damaged" in bureau.error("stop again")
    bureau.started("t-2")


def test_a_damaged_record_that_can_be_read_is_kept_as_it_is(bureau):
    bureau.started().meter.end()
    bureau.meter.phase = MeterPhase.FAILED
    bureau.stop()
    bureau.settled()
    assert bureau.record() in bureau.meter.made


def test_a_record_that_is_not_given_is_never_confirmed(bureau):
    bureau.started().meter.end()
    bureau.meter.reads_nothing = True
    bureau.stop()
    for _ in range(31):
        bureau.settled().waits(1)
    assert bureau.error() == "its length is 0"
    bureau.start("t-2")
    for _ in range(31):
        bureau.settled().waits(1)
    assert bureau.error("start c") == "its length is 0"
    assert bureau.meter.phase is MeterPhase.ENDED
    bureau.meter.reads_nothing = False
    bureau.stop(caller="stop again")
    bureau.settled()
    assert bureau.record("stop again") in bureau.meter.made


def test_a_transaction_whose_record_is_gone_is_told_to_be_lost(bureau):
    bureau.started().meter.end()
    bureau.meter.forget()
    bureau.returns()
    assert "does not hold" in bureau.clerk.is_ready("m")
    bureau.stop()
    bureau.settled()
    assert "no record" in bureau.error()
    assert "transaction_lost" in bureau.events()
    bureau.started("t-2")


# A meter that signs its begin apart, and forgets all with its power.


@pytest.fixture
def forgetful(bureau):
    bureau.meter = bureau.channel.meter = FakeMeter(forgets=True)
    bureau.settled()
    bureau.start()
    bureau.settled()
    return bureau


def test_a_begin_that_was_forgotten_is_handed_over_from_the_journal(forgetful):
    start = forgetful.told("start c")["signed_meter_value"]["signed_meter_data"]
    forgetful.meter.lose_power()
    forgetful.returns()
    assert forgetful.entries()["t-1"].open is not None
    forgetful.meter.signs_start = False
    forgetful.stop()
    forgetful.settled()
    told = forgetful.told("stop c")
    assert told["start_signed_meter_value"]["signed_meter_data"] == start
    assert told["signed_meter_value"]["signed_meter_data"] in forgetful.meter.made


def test_the_same_start_again_is_told_the_same_begin(forgetful):
    forgetful.restart()
    forgetful.settled()
    forgetful.start(caller="start again")
    assert forgetful.told("start again") == forgetful.told("start c")
    assert "signed_meter_value" in forgetful.told("start again")


def test_a_begin_that_was_cut_short_is_begun_once_more(bureau):
    bureau.meter = bureau.channel.meter = FakeMeter(forgets=True)
    bureau.settled()
    bureau.start()
    bureau.until_asked(BeginTransaction)
    bureau.meter.do(bureau.channel.commands[-1])
    bureau.restart()
    bureau.settled()
    assert bureau.meter.asked.count("BeginTransaction") == 2
    assert bureau.entries()["t-1"].start_record is not None


# The journal fails.


def test_a_record_that_cannot_be_written_stays_on_the_meter(bureau):
    bureau.started().stop()
    bureau.until_asked(ReadRecord)
    away = bureau.path.with_name("away")
    bureau.path.rename(away)
    bureau.settled()
    assert "removed" in bureau.error()
    assert bureau.meter.phase is MeterPhase.ENDED
    away.rename(bureau.path)
    bureau.waits(6).settled()
    bureau.stop(caller="stop again")
    bureau.settled()
    assert bureau.record("stop again") in bureau.meter.made


def test_a_journal_that_fails_lets_nothing_begin(bureau):
    bureau.settled()
    bureau.path.rename(bureau.path.with_name("away"))
    bureau.start()
    bureau.settled()
    assert "removed" in bureau.error("start c")
    assert bureau.meter.phase is MeterPhase.IDLE
    assert "removed" in bureau.clerk.is_ready("m")

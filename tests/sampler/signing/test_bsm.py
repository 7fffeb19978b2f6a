# SPDX-License-Identifier: Apache-2.0
"""The verbs to a BSM-WS36A, against one that knows nothing of who asks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.commands import Done, Failed, FailureKind, MeterPhase, RecordTold
from sampler.simulator.signing.bsm_layout import Event, Status
from sampler.simulator.signing.models import bsm
from tests.sampler.signing.desk import Desk, Loss
from tests.sampler.signing.requests import UUID, Teller, assigned
from tests.sampler.simulator.signing.host import openssl_verifies, pyocmf_verifies

CLOCK = 40260
DAY_S = 86_400
TRANSACTION_TEXT = 40349
START_STATUS = 41286


def teller_of(*, is_synchronised=True, lose=lambda _: Loss.NONE):
    desk = Desk(bsm(), baudrate=19_200, lose=lose)
    return Teller(desk, is_synchronised=is_synchronised)


@pytest.fixture
def teller():
    return teller_of()


def failure(outcome):
    assert isinstance(outcome, Failed), outcome
    return outcome.kind


def clock_writes(teller):
    return [data for address, data in teller.desk.writes() if address == CLOCK]


def told(teller):
    outcome = teller.read()
    assert isinstance(outcome, RecordTold), outcome
    return outcome


def test_both_snapshots_come_as_records_that_verify(teller, tmp_path):
    key = bytes.fromhex(teller.identity().public_key)
    begun = teller.begin()
    teller.desk.wait(60)
    assert teller.end() == Done()
    records = told(teller)
    assert records.start == begun.start
    for record, reason in (records.start, "B"), (records.record, "E"):
        assert f'"TX":"{reason}"' in record
        assert f'"ID":"04A1B2C3D4E5F6","X2":"{UUID}","X3":"DE*PNX*E1*1"' in record
        assert openssl_verifies(tmp_path, record, key)
        assert pyocmf_verifies(record, key)


def test_it_says_which_meter_it_is_as_its_records_do(teller):
    identity = teller.identity()
    assert (identity.vendor, identity.model) == ("Bauer", "BSM-WS36A")
    assert f'"MS":"{identity.serial}"' in teller.charge()


def test_a_transaction_goes_from_idle_by_running_to_ended_and_back(teller):
    assert teller.phase() is MeterPhase.IDLE
    teller.begin()
    state = teller.state()
    assert (state.phase, state.transaction_id) == (MeterPhase.RUNNING, UUID)
    teller.end()
    state = teller.state()
    assert (state.phase, state.transaction_id) == (MeterPhase.ENDED, UUID)
    assert told(teller) == told(teller)
    assert teller.confirm() == Done()
    assert teller.confirm() == Done()
    assert teller.phase() is MeterPhase.IDLE
    teller.begin(assigned(transaction_id="next"))
    assert teller.phase() is MeterPhase.RUNNING  # the old end is not its end
    assert failure(teller.read()) is FailureKind.REFUSED
    teller.end(assigned(transaction_id="next"))
    assert '"X2":"next"' in teller.record()


def test_an_end_that_is_asked_for_twice_is_signed_once(teller):
    teller.begin()
    teller.end()
    record = teller.record()
    assert teller.end() == Done()
    assert teller.record() == record


def test_a_begin_that_is_asked_for_twice_counts_from_the_first(teller):
    begun = teller.begin()
    teller.desk.wait(5)
    assert teller.begin() == begun


def test_a_begin_that_was_cut_short_is_made_whole(teller):
    teller.begin()
    errands = [errand.operation.address for _, errand, _ in teller.desk.spent]
    snapshot = errands.index(START_STATUS, errands.index(TRANSACTION_TEXT) + 1)
    other = teller_of(
        lose=lambda number: Loss.REQUEST if number >= snapshot else Loss.NONE
    )
    assert failure(other.begin()) is FailureKind.SILENT
    other.desk.lose = lambda _: Loss.NONE
    other.desk.wait(1)
    assert other.phase() is MeterPhase.RUNNING
    assert f'"X2":"{UUID}"' in other.begin().start


def test_a_transaction_of_which_nothing_is_known_is_ended_for_whom_it_began(teller):
    teller.begin()
    nobody = assigned(transaction_id="", data="", evse_id="")
    assert teller.end(nobody) == Done()
    assert f'"ID":"04A1B2C3D4E5F6","X2":"{UUID}"' in teller.record()
    teller.confirm()
    assert failure(teller.end(nobody)) is FailureKind.REFUSED


def test_a_begin_is_refused_while_the_meter_holds_another_transaction(teller):
    teller.begin()
    assert (
        failure(teller.begin(assigned(transaction_id="other"))) is FailureKind.REFUSED
    )
    assert failure(teller.confirm()) is FailureKind.REFUSED
    teller.end()
    assert failure(teller.begin()) is FailureKind.REFUSED


def test_a_snapshot_that_fails_once_is_made_anew(teller):
    teller.desk.meter.device.next_status = Status.FAILED_GENERAL
    assert isinstance(teller.begin(), Done)
    teller.desk.meter.device.next_status = Status.FAILED_FEEDBACK
    assert teller.end() == Done()


def test_a_snapshot_that_is_never_made_fails_with_its_reason_and_leaves_nothing(teller):
    device = teller.desk.meter.device
    write = device.write

    def fail(request, *, now_ns):
        device.next_status = Status.FAILED_GENERAL
        return write(request, now_ns=now_ns)

    device.write = fail
    outcome = teller.begin()
    assert failure(outcome) is FailureKind.REFUSED
    assert "status 3, failed" in outcome.reason
    device.write = write
    device.next_status = None
    assert teller.phase() is MeterPhase.IDLE
    assert isinstance(teller.begin(), Done)


def test_after_a_power_failure_the_end_is_still_signed_for_whom_it_began(
    teller, tmp_path
):
    key = bytes.fromhex(teller.identity().public_key)
    teller.begin()
    teller.desk.cut_power(for_s=1)
    teller.desk.wait(10)
    assert teller.phase() is MeterPhase.IDLE  # it has forgotten all
    assert teller.end() == Done()
    records = told(teller)
    assert records.start is None  # it was told with the begin
    assert f'"ID":"04A1B2C3D4E5F6","X2":"{UUID}"' in records.record
    assert openssl_verifies(tmp_path, records.record, key)


def test_the_clock_is_written_after_power_up_and_then_once_a_day(teller):
    assert teller.state().is_clock_set is False
    assert teller.set_clock() == Done()
    assert teller.state().is_clock_set is True
    for _ in range(5):
        teller.desk.wait(3600)
        assert teller.set_clock() == Done()
    assert len(clock_writes(teller)) == 1
    teller.desk.wait(DAY_S)
    teller.set_clock()
    assert len(clock_writes(teller)) == 2
    assert len(clock_writes(teller)[0]) == 6  # with its offset, in one write


def test_a_new_sampler_does_not_write_a_clock_that_is_right(teller):
    teller.set_clock()
    fresh = Desk(bsm(), baudrate=19_200)
    teller.desk.arbiter = fresh.arbiter
    teller.set_clock()
    assert len(clock_writes(teller)) == 1


def test_the_clock_is_never_set_while_a_transaction_runs(teller):
    teller.begin()
    assert failure(teller.set_clock()) is FailureKind.REFUSED


def test_a_charger_without_the_time_does_not_make_the_meter_sign_one():
    teller = teller_of(is_synchronised=False)
    assert failure(teller.set_clock()) is FailureKind.REFUSED
    assert ' U","TX"' in teller.charge()
    assert clock_writes(teller) == []


def test_events_are_told_that_make_what_is_signed_untrustworthy(teller):
    teller.desk.meter.device.events = Event.METER_FATAL_ERROR | Event.POWER_FAILURE
    assert teller.state().faults == ("fatal",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": "x" * 141}, "identification_data has 141 bytes, the meter takes 140"),
        ({"transaction_id": "x" * 101}, "transaction_id has 101 bytes"),
        ({"evse_id": "a\\b"}, "evse_id contains"),
    ],
)
def test_what_does_not_fit_is_unfit_and_never_cut(teller, changes, reason):
    outcome = teller.begin(assigned(**changes))
    assert failure(outcome) is FailureKind.UNFIT
    assert reason in outcome.reason
    assert teller.desk.spent == []


@given(
    losses=st.dictionaries(
        st.integers(0, 70), st.sampled_from([Loss.REQUEST, Loss.ANSWER]), max_size=15
    )
)
def test_whatever_is_lost_there_is_a_whole_record_of_the_begin_and_of_the_end(losses):
    teller = teller_of(lose=lambda number: losses.get(number, Loss.NONE))
    begun = teller.begin(timeout_s=300)
    assert isinstance(begun, Done)
    assert teller.end(timeout_s=300) == Done()
    outcome = teller.read(timeout_s=300)
    assert isinstance(outcome, RecordTold)
    assert outcome.start == begun.start
    assert re.search(rf'"X2":"{UUID}".*"TX":"B"', outcome.start)
    assert re.search(rf'"X2":"{UUID}".*"TX":"E"', outcome.record)
    assert teller.confirm() == Done()
    assert teller.phase() is MeterPhase.IDLE

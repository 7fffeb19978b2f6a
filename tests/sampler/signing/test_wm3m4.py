# SPDX-License-Identifier: Apache-2.0
"""The verbs to a WM3M4C, against one that knows nothing of who asks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.commands import Done, Failed, FailureKind, GetIdentity, MeterPhase, RecordTold
from ipc.identification import (
    IdentificationFlag,
    IdentificationStatus,
    IdentificationType,
)
from sampler.simulator.signing.models import wm3m4c
from sampler.simulator.signing.wm3m4c_layout import Status
from sampler.simulator.variant import Variant
from tests.sampler.signing.desk import Desk, Loss
from tests.sampler.signing.requests import Teller, assigned
from tests.sampler.simulator.signing.host import openssl_verifies, pyocmf_verifies

COMMAND = 7051
DATASET = 7100
RAW_SIGNATURE = 8156


def teller_of(*, is_synchronised=True, lose=lambda _: Loss.NONE, **variant):
    desk = Desk(wm3m4c(Variant(**variant)), lose=lose)
    return Teller(desk, is_synchronised=is_synchronised)


@pytest.fixture
def teller():
    return teller_of()


def failure(outcome):
    assert isinstance(outcome, Failed), outcome
    return outcome.kind


def commands(teller):
    return [
        chr(data[0]) for address, data in teller.desk.writes() if address == COMMAND
    ]


@pytest.mark.parametrize("non_minimal_der", [False, True])
def test_a_record_verifies_whatever_the_firmware_makes_of_its_signature(
    non_minimal_der, tmp_path
):
    teller = teller_of(non_minimal_der=non_minimal_der)
    key = bytes.fromhex(teller.identity().public_key)
    for number in range(8):
        record = teller.charge(assigned(data=f"04A1B2C{number}"))
        assert openssl_verifies(tmp_path, record, key)
        assert pyocmf_verifies(record, key)
        assert teller.confirm() == Done()


@pytest.mark.parametrize("non_minimal_der", [False, True])
def test_a_firmware_without_the_bare_numbers_is_read_by_its_der(
    non_minimal_der, tmp_path
):
    teller = teller_of(non_minimal_der=non_minimal_der)
    key = bytes.fromhex(teller.identity().public_key)
    answer = teller.desk.meter.answer

    def without_numbers(frame, *, elapsed_ns):
        said = answer(frame, elapsed_ns=elapsed_ns)
        is_theirs = int.from_bytes(frame[2:4]) == RAW_SIGNATURE
        return said[:3] + bytes(len(said) - 3) if is_theirs else said

    teller.desk.meter.answer = without_numbers
    for number in range(8):
        record = teller.charge(assigned(data=f"04A1B2C{number}"))
        assert openssl_verifies(tmp_path, record, key)
        assert teller.confirm() == Done()


def test_it_says_which_meter_it_is(teller):
    identity = teller.identity()
    assert (identity.vendor, identity.model) == ("Iskra", "WM3M4C")
    assert re.fullmatch(r"W\d{7}", identity.serial)
    assert identity.firmware == "2.05"
    assert identity.public_key.startswith(
        "3059301306072A8648CE3D020106082A8648CE3D0301"
    )


def test_a_transaction_goes_from_idle_by_running_to_ended_and_back(teller):
    assert teller.phase() is MeterPhase.IDLE
    assert teller.begin() == Done()
    assert teller.phase() is MeterPhase.RUNNING
    assert teller.end() == Done()
    assert teller.phase() is MeterPhase.ENDED
    record = teller.record()
    assert re.findall(r'"TX":"(.)"', record) == ["B", "E"]
    assert teller.record() == record
    assert teller.confirm() == Done()
    assert teller.phase() is MeterPhase.IDLE
    assert teller.begin() == Done()
    assert commands(teller) == ["B", "r", "B"]


@given(
    flags=st.lists(st.sampled_from(IdentificationFlag), max_size=4, unique=True),
    type_=st.sampled_from(IdentificationType),
    status=st.sampled_from(IdentificationStatus),
    data=st.text("0123456789ABCDEFäöü*", max_size=20),
)
def test_every_field_of_the_identification_stands_in_the_record(
    flags, type_, status, data
):
    teller = teller_of()
    assignment = assigned(flags=tuple(flags), type=type_, status=status, data=data)
    record = teller.charge(assignment)
    listed = ",".join(f'"{flag.value}"' for flag in flags)
    assert f'"IF":[{listed}],"IT":"{type_}","ID":"{data}","CT":"EVSEID",' in record
    assert f'"IS":{str(status is IdentificationStatus.ASSIGNED).lower()}' in record


def test_what_is_asked_for_twice_is_done_once(teller):
    teller.begin()
    teller.end()
    assert teller.end() == Done()
    teller.record()
    teller.confirm()
    assert teller.confirm() == Done()
    assert commands(teller) == ["B", "r"]


def test_a_begin_is_refused_while_the_meter_holds_another_transaction(teller):
    teller.begin()
    assert failure(teller.begin()) is FailureKind.REFUSED
    teller.end()
    assert failure(teller.begin()) is FailureKind.REFUSED
    assert commands(teller) == ["B", "r"]


def test_what_is_not_there_is_refused(teller):
    assert failure(teller.end()) is FailureKind.REFUSED
    assert failure(teller.read()) is FailureKind.REFUSED
    teller.begin()
    assert failure(teller.read()) is FailureKind.REFUSED
    assert failure(teller.confirm()) is FailureKind.REFUSED
    assert failure(teller.set_clock()) is FailureKind.REFUSED


def test_the_time_is_signed_as_what_it_is():
    assert teller_of().charge().count(' S","TX"') == 2
    assert teller_of(is_synchronised=False).charge().count(' I","TX"') == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": "x" * 41}, "identification_data has 41 bytes, the meter takes 40"),
        ({"evse_id": "x" * 21}, "evse_id has 21 bytes, the meter takes 20"),
        ({"data": 'a"b'}, "contains '\"'"),
        ({"evse_id": "a|b"}, "contains '|'"),
        ({"data": "a\\b"}, r"contains '\\'"),
    ],
)
def test_what_does_not_fit_is_unfit_and_never_cut(teller, changes, reason):
    outcome = teller.begin(assigned(**changes))
    assert failure(outcome) is FailureKind.UNFIT
    assert reason in outcome.reason
    assert teller.desk.spent == []


def test_after_a_power_failure_clock_and_dataset_are_written_again(teller, tmp_path):
    key = bytes.fromhex(teller.identity().public_key)
    teller.begin()
    teller.desk.cut_power(for_s=1)
    teller.desk.wait(10)
    assert teller.phase() is MeterPhase.RUNNING
    assert teller.state().is_clock_set is False
    assert teller.end() == Done()
    record = teller.record()
    assert '"ID":"04A1B2C3D4E5F6"' in record
    assert re.findall(r'"TX":"(.)"', record) == ["B", "E"]
    assert openssl_verifies(tmp_path, record, key)


def test_after_a_reset_it_is_ended_as_it_is(teller):
    teller.begin()
    teller.desk.meter.device.reset(at_ns=teller.desk.clock.mono_ns)
    datasets = len([a for a, _ in teller.desk.writes() if a == DATASET])
    assert teller.end() == Done()
    assert len([a for a, _ in teller.desk.writes() if a == DATASET]) == datasets
    assert '"TX":"E"' in teller.record()


def test_a_record_that_went_with_the_power_is_signed_once_more(teller, tmp_path):
    key = bytes.fromhex(teller.identity().public_key)
    lost = teller.charge()
    teller.desk.cut_power(for_s=1)
    teller.desk.wait(10)
    assert teller.phase() is MeterPhase.IDLE
    assert failure(teller.read()) is FailureKind.REFUSED
    assert teller.end() == Done()
    record = teller.record()
    readings = re.compile(r'"RD":.*?]')
    assert readings.search(record)[0] == readings.search(lost)[0]
    assert openssl_verifies(tmp_path, record, key)
    assert teller.confirm() == Done()


def test_what_nobody_began_is_not_signed_once_more(teller):
    teller.charge()
    teller.confirm()
    assert failure(teller.end(assigned(transaction_id=""))) is FailureKind.REFUSED
    assert commands(teller) == ["B", "r"]


def test_a_command_that_the_meter_does_not_take_fails_with_its_reason(teller):
    teller.desk.meter.device.next_status = Status.INVALID_FORMAT
    outcome = teller.begin()
    assert failure(outcome) is FailureKind.REFUSED
    assert "status 252, invalid message format" in outcome.reason
    assert teller.phase() is MeterPhase.IDLE
    assert teller.state().faults == ()
    assert teller.begin() == Done()


def test_the_type_without_a_c_cannot_sign():
    desk = Desk(wm3m4c(), "iskra_wm3m4c")
    teller = Teller(desk)
    read = desk.meter.answer

    def without_c(frame, *, elapsed_ns):
        answer = read(frame, elapsed_ns=elapsed_ns)
        return answer and answer.replace(b"WM3M4C", b"WM3M4\0")

    desk.meter.answer = without_c
    outcome = desk.do(GetIdentity())
    assert failure(outcome) is FailureKind.NOT_SUPPORTED
    assert "'WM3M4', which cannot sign" in outcome.reason
    assert failure(teller.begin()) is FailureKind.NOT_SUPPORTED
    assert desk.writes() == []


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.2, 0.4, 0.8])
def test_an_end_cut_short_by_a_power_failure_ends_with_its_record(
    teller, after_s, tmp_path
):
    key = bytes.fromhex(teller.identity().public_key)
    teller.begin()
    teller.desk.cut_power(after_s=after_s, for_s=1)
    while not (isinstance(teller.end(), Done) and teller.phase() is MeterPhase.ENDED):
        pass
    assert openssl_verifies(tmp_path, teller.record(), key)


@given(
    losses=st.dictionaries(
        st.integers(0, 70), st.sampled_from([Loss.REQUEST, Loss.ANSWER]), max_size=15
    )
)
def test_whatever_is_lost_there_is_one_transaction_and_its_whole_record(losses):
    teller = teller_of(lose=lambda number: losses.get(number, Loss.NONE))
    assert teller.begin(timeout_s=300) == Done()
    assert teller.end(timeout_s=300) == Done()
    outcome = teller.read(timeout_s=300)
    assert isinstance(outcome, RecordTold)
    assert '"PG":"T2"' in outcome.record
    assert re.findall(r'"TX":"(.)"', outcome.record) == ["B", "E"]
    assert teller.confirm() == Done()
    assert teller.phase() is MeterPhase.IDLE

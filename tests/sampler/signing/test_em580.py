# SPDX-License-Identifier: Apache-2.0
"""The verbs to an EM580, against one that knows nothing of who asks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.commands import Done, Failed, FailureKind, GetIdentity, MeterPhase, RecordTold
from ipc.identification import (
    IdentificationFlag,
    IdentificationLevel,
    IdentificationStatus,
    IdentificationType,
)
from sampler import registermap
from sampler.signing.em580_assignment import puts
from sampler.simulator.signing.em580 import FileFault
from sampler.simulator.signing.models import em580
from sampler.simulator.variant import Variant
from tests.sampler.signing.desk import Desk, Loss
from tests.sampler.signing.requests import UUID, Teller, assigned
from tests.sampler.simulator.signing.host import openssl_verifies

TABLE = registermap.load("carlo_gavazzi_em580").transaction


def teller_of(*, is_synchronised=True, lose=lambda _: Loss.NONE, code=580, **variant):
    desk = Desk(em580(Variant(**variant), code=code), lose=lose)
    return Teller(desk, is_synchronised=is_synchronised)


@pytest.fixture
def teller():
    return teller_of()


def failure(outcome):
    assert isinstance(outcome, Failed), outcome
    return outcome.kind


@pytest.mark.parametrize("key_size", ["256", "384"])
@pytest.mark.parametrize("pad_byte", [0, ord(" "), ord("}"), ord("|"), 0xFF])
@pytest.mark.parametrize("data", ["04A1B2C3", "04A1B2C3D"])
def test_a_record_is_cut_at_its_end_and_verifies(key_size, pad_byte, data, tmp_path):
    teller = teller_of(key_size=key_size, pad_byte=pad_byte)
    key = bytes.fromhex(teller.identity().public_key)
    record = teller.charge(assigned(data=data))
    assert record.startswith('OCMF|{"FV":')
    assert record.endswith('"}')
    assert openssl_verifies(tmp_path, record, key)
    assert len(key) == {"256": 92, "384": 124}[key_size]


def test_it_says_which_meter_it_is(teller):
    identity = teller.identity()
    assert (identity.vendor, identity.model) == ("Carlo Gavazzi", "EM580")
    assert re.fullmatch(r"KZ\d{8}01D", identity.serial)
    assert identity.firmware == "M_1.6.3-C_1.6.3"
    assert identity.public_key.startswith("307A3014")


def test_a_transaction_is_told_by_its_id_from_begin_to_confirm(teller):
    assert teller.phase() is MeterPhase.IDLE
    assert teller.begin() == Done()
    state = teller.state()
    assert (state.phase, state.transaction_id) == (MeterPhase.RUNNING, UUID)
    assert teller.end() == Done()
    state = teller.state()
    assert (state.phase, state.transaction_id) == (MeterPhase.ENDED, UUID)
    record = teller.record()
    assert f'"TT":"0,49 EUR/kWh<=>{UUID}"' in record
    assert teller.record() == record  # it stays until it is confirmed
    assert teller.confirm() == Done()
    assert teller.phase() is MeterPhase.IDLE
    assert failure(teller.read()) is FailureKind.REFUSED


def test_what_is_asked_for_twice_is_done_once(teller):
    teller.begin()
    assert teller.begin() == Done()
    teller.end()
    assert teller.end() == Done()
    assert '"PG":"T1"' in teller.record()
    teller.confirm()
    assert teller.confirm() == Done()
    commands = [data for address, data in teller.desk.writes() if address == 0x7040]
    assert commands == [b"\0B", b"\0E"]


def test_a_begin_is_refused_while_the_meter_holds_anothers_record(teller):
    teller.charge()
    before = len(teller.desk.writes())
    other = assigned(transaction_id="another")
    assert failure(teller.begin(other)) is FailureKind.REFUSED
    assert len(teller.desk.writes()) == before
    teller.confirm()
    assert teller.begin(other) == Done()
    assert failure(teller.begin()) is FailureKind.REFUSED


def test_an_end_without_a_begin_is_refused(teller):
    assert failure(teller.end()) is FailureKind.REFUSED
    assert failure(teller.read()) is FailureKind.REFUSED
    assert teller.confirm() == Done()
    assert teller.desk.writes() == []


def test_a_transaction_that_runs_is_not_confirmed(teller):
    teller.begin()
    assert failure(teller.confirm()) is FailureKind.REFUSED
    assert teller.phase() is MeterPhase.RUNNING


@given(
    flags=st.lists(
        st.sampled_from(IdentificationFlag),
        max_size=4,
        unique_by=lambda flag: flag.value.partition("_")[0],
    ),
    level=st.none() | st.sampled_from(IdentificationLevel),
    type_=st.sampled_from(IdentificationType),
    status=st.sampled_from(IdentificationStatus),
)
def test_every_word_of_an_assignment_stands_in_the_record(flags, level, type_, status):
    teller = teller_of()
    assignment = assigned(flags=tuple(flags), level=level, type=type_, status=status)
    record = teller.charge(assignment)
    named = sorted(re.findall(r'"((?:RFID|OCPP|ISO15118|PLMN)_\w+)"', record))
    told = sorted(flag for flag in flags if not flag.endswith("_NONE"))
    assert [flag for flag in named if not flag.endswith("_NONE")] == told
    assert f'"IL":"{level or "NONE"}"' in record
    assert f'"IT":"{type_}"' in record
    assert f'"IS":{str(status is IdentificationStatus.ASSIGNED).lower()}' in record


def test_each_flag_goes_to_the_register_of_its_group():
    flags = (IdentificationFlag.PLMN_SMS, IdentificationFlag.OCPP_AUTH)
    [written] = [
        put.data for put in puts(TABLE, assigned(flags=flags)) if put.address == 0x7002
    ]
    assert written == bytes((0, 0, 0, 2, 0, 0, 0, 2))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tariff_text": "x" * 212}, "251 bytes, the meter takes 250"),
        ({"tariff_text": "0,49 €" * 40}, "takes 250"),
        ({"tariff_text": 'a "good" price'}, "contains '\"'"),
        ({"tariff_text": "a|b"}, r"contains '\|'"),
        ({"tariff_text": "a\nb"}, r"contains '\\n'"),
        ({"data": "x" * 40}, "identification_data has 40 bytes, the meter takes 39"),
        ({"evse_id": "x" * 40}, "evse_id has 40 bytes"),
        ({"transaction_id": "a<=>b"}, "transaction_id contains '<=>'"),
        (
            {"flags": (IdentificationFlag.RFID_PLAIN, IdentificationFlag.RFID_NONE)},
            "two|one group",
        ),
    ],
)
def test_what_does_not_fit_is_unfit_and_never_cut(teller, changes, reason):
    outcome = teller.begin(assigned(**changes))
    assert failure(outcome) is FailureKind.UNFIT
    assert re.search(reason, outcome.reason)
    assert teller.desk.spent == []


def test_the_longest_tariff_text_that_fits_is_signed_whole(teller):
    tariff = "t" * 211
    assert f'"{tariff}<=>{UUID}"' in teller.charge(assigned(tariff_text=tariff))


@pytest.mark.parametrize("code", [331, 340, 355])
def test_a_model_of_the_family_that_cannot_sign_says_so(code):
    teller = teller_of(code=code)
    outcome = teller.desk.do(GetIdentity())
    assert failure(outcome) is FailureKind.NOT_SUPPORTED
    assert f"code {code}" in outcome.reason
    assert failure(teller.begin()) is FailureKind.NOT_SUPPORTED
    assert teller.desk.writes() == []


def test_a_meter_without_a_key_cannot_sign():
    teller = teller_of(key_size="none")
    assert teller.identity().public_key == ""
    assert failure(teller.begin()) is FailureKind.NOT_SUPPORTED
    assert teller.desk.writes() == []


@pytest.mark.parametrize(
    ("fault", "phase"),
    [(FileFault.CORRUPTED, MeterPhase.FAILED), (FileFault.EMPTY, MeterPhase.ENDED)],
)
def test_a_record_that_is_lost_is_said_to_be(teller, fault, phase):
    teller.begin()
    teller.desk.meter.device.next_file = fault
    outcome = teller.end()
    assert teller.phase() is phase
    assert isinstance(outcome, Done) == (phase is MeterPhase.ENDED)
    assert failure(teller.read()) is FailureKind.REFUSED
    assert teller.confirm() == Done()
    assert teller.phase() is MeterPhase.IDLE


def test_a_record_that_is_cut_short_is_given_as_it_is(teller):
    teller.begin()
    teller.desk.meter.device.next_file = FileFault.CUT
    teller.end()
    record = teller.record()
    assert record.startswith("OCMF|")
    assert not record.endswith("}")


def test_the_devices_faults_are_told_in_its_makers_words(teller):
    teller.desk.meter.device.device_state = 1 << 6 | 1 << 12
    assert teller.state().faults == (
        "current L1 over range",
        "internal fault of the charging module",
    )


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.1, 0.2, 0.3, 0.6, 1.0])
def test_a_meter_that_loses_its_power_in_an_end_gives_its_record_when_it_is_back(
    teller, after_s, tmp_path
):
    key = bytes.fromhex(teller.identity().public_key)
    teller.begin()
    teller.desk.wait(5)
    teller.desk.cut_power(after_s=after_s, for_s=3)
    assert teller.end() == Done()
    record = teller.record()
    assert UUID in record
    assert openssl_verifies(tmp_path, record, key)


def test_a_meter_that_stays_silent_fails_the_verb_at_its_deadline(teller):
    teller.begin()
    teller.desk.cut_power(for_s=60)
    outcome = teller.end(timeout_s=20)
    assert failure(outcome) is FailureKind.SILENT
    assert "not done within 20 s" in outcome.reason
    teller.desk.wait(60)
    assert teller.end() == Done()


@given(
    losses=st.dictionaries(
        st.integers(0, 60), st.sampled_from([Loss.REQUEST, Loss.ANSWER]), max_size=15
    )
)
def test_whatever_is_lost_there_is_one_transaction_and_its_whole_record(losses):
    teller = teller_of(lose=lambda number: losses.get(number, Loss.NONE))
    assert teller.begin(timeout_s=300) == Done()
    assert teller.end(timeout_s=300) == Done()
    outcome = teller.read(timeout_s=300)
    assert isinstance(outcome, RecordTold)
    assert '"PG":"T1"' in outcome.record
    assert UUID in outcome.record
    assert outcome.record.endswith('"}')
    assert teller.confirm() == Done()
    assert teller.phase() is MeterPhase.IDLE

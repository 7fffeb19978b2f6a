# SPDX-License-Identifier: Apache-2.0
"""A session on a meter that signs by itself, from start to stop."""

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
from ipc.identification import IdentificationFlag, IdentificationStatus
from publisher import record
from publisher.ecdsa import PublicKey
from tests.publisher.signing.bureau import Bureau
from tests.publisher.signing.meters import key_of


def names(bureau):
    return [type(command).__name__ for command in bureau.channel.commands]


def test_a_session_ends_with_the_meters_own_record(bureau):
    bureau.started().stop()
    bureau.settled()
    told = bureau.told("stop c")
    [text] = bureau.meter.made
    assert told["status"] == "OK"
    assert told["signed_meter_value"] == {
        "signed_meter_data": text,
        "signing_method": "",
        "encoding_method": "OCMF",
        "public_key": key_of("W1").public.hex,
    }
    assert "start_signed_meter_value" not in told
    key = PublicKey.read(told["signed_meter_value"]["public_key"].encode())
    assert record.verify(text, key).is_valid


def test_the_order_of_safety(bureau):
    bureau.started()
    assert names(bureau)[-3:] == [
        "GetIdentity",
        "GetTransactionState",
        "BeginTransaction",
    ]
    bureau.stop()
    bureau.until_asked(ConfirmRecord)
    assert names(bureau)[-5:] == [
        "GetIdentity",
        "GetTransactionState",
        "EndTransaction",
        "ReadRecord",
        "ConfirmRecord",
    ]
    assert bureau.entries()["t-1"].record in bureau.meter.made
    assert bureau.told("stop c")["status"] == "OK"
    assert bureau.entries()["t-1"].confirmed_ns is None
    bureau.settled()
    assert bureau.entries()["t-1"].confirmed_ns is not None
    assert bureau.meter.phase is MeterPhase.IDLE


def test_the_intention_is_on_disk_before_the_meter_hears_of_it(bureau):
    bureau.settled()
    bureau.start()
    bureau.until_asked(BeginTransaction)
    entry = bureau.entries()["t-1"]
    assert entry.open is not None
    assert entry.begun_ns is None
    assert "start c" not in bureau.replies()
    bureau.settled()
    assert bureau.entries()["t-1"].begun_ns is not None


def test_the_meter_is_told_who_charges_and_what_time_it_is(bureau):
    bureau.settled()
    bureau.start(
        identification_level="VERIFIED",
        identification_flags=["OCPP_AUTH"],
        tariff_text="0,50 EUR",
    )
    bureau.until_asked(BeginTransaction)
    begin = bureau.channel.commands[-1]
    told = begin.assignment
    assert told.transaction_id == "t-1"
    assert told.status is IdentificationStatus.ASSIGNED
    assert told.flags == (IdentificationFlag.OCPP_AUTH,)
    assert (told.evse_id, told.data) == ("DE*E1", "1F2D3A4F")
    assert told.tariff_text == "0,50 EUR"
    assert begin.time.utc_s == bureau.clock.wall_ns() // 10**9
    assert begin.time.is_synchronised
    bureau.settled()
    bureau.stop()
    bureau.until_asked(EndTransaction)
    assert bureau.channel.commands[-1].assignment == told


def test_a_begin_that_is_signed_apart_is_handed_over_with_the_end(bureau):
    bureau.meter.signs_start = True
    bureau.settled()
    bureau.start()
    bureau.settled()
    begin = bureau.told("start c")["signed_meter_value"]
    bureau.stop()
    bureau.settled()
    start = bureau.told("stop c")["start_signed_meter_value"]
    assert start == begin
    assert '"PG":"T0"' in start["signed_meter_data"]
    assert bureau.entries()["t-1"].start_record == start["signed_meter_data"]


def test_the_same_start_again_has_the_same_answer_and_begins_nothing(bureau):
    bureau.started().start(caller="start again")
    assert bureau.told("start again") == {"status": "OK"}
    assert names(bureau).count("BeginTransaction") == 1
    bureau.start(caller="start other", tariff_text="other")
    assert "differently" in bureau.told("start other")["error"]


def test_a_stop_again_is_answered_from_the_journal_byte_for_byte(bureau):
    bureau.started().stop()
    bureau.settled()
    asked = len(bureau.channel.commands)
    bureau.stop(caller="stop again")
    assert bureau.told("stop again") == bureau.told("stop c")
    assert len(bureau.channel.commands) == asked


def test_a_stop_of_an_unknown_id_is_refused_and_nothing_is_written(bureau):
    bureau.started().stop("other")
    assert bureau.told("stop c")["status"] == "UNEXPECTED_ERROR"
    bureau.settled()
    assert list(bureau.entries()) == ["t-1"]
    assert bureau.meter.phase is MeterPhase.RUNNING


def test_a_start_over_an_open_one_ends_that_and_keeps_its_record(bureau):
    bureau.started()
    bureau.started("t-2")
    entries = bureau.entries()
    assert entries["t-1"].record in bureau.meter.made
    assert entries["t-1"].confirmed_ns is not None
    assert entries["t-2"].open is not None
    bureau.stop("t-1")
    assert bureau.told("stop c")["status"] == "OK"


def test_ending_everything_waits_for_no_meter_but_for_the_disk(bureau):
    bureau.started().stop("")
    assert bureau.told("stop c") == {"status": "OK"}
    assert bureau.entries()["t-1"].is_dangling
    bureau.settled()
    assert bureau.meter.phase is MeterPhase.IDLE
    assert bureau.entries()["t-1"].record in bureau.meter.made


def test_ending_everything_breaks_into_a_start_that_is_on_its_way(bureau):
    bureau.settled()
    bureau.start()
    bureau.until_asked(BeginTransaction)
    bureau.stop("")
    assert bureau.told("stop c") == {"status": "OK"}
    assert bureau.told("start c")["status"] == "UNEXPECTED_ERROR"
    bureau.settled()
    assert bureau.meter.phase is MeterPhase.IDLE
    assert bureau.entries()["t-1"].open is None


def test_what_does_not_fit_into_the_meter_is_refused_and_leaves_nothing(bureau):
    bureau.settled()
    bureau.start()
    bureau.until_asked(BeginTransaction)
    bureau.refuses_once("the tariff is too long", FailureKind.UNFIT)
    assert bureau.told("start c")["error"] == "the tariff is too long"
    bureau.waits(5).settled()
    assert bureau.entries() == {}
    assert bureau.clerk.is_ready("m") == ""


def test_a_meter_that_has_no_key_cannot_sign_and_says_so(bureau):
    bureau.meter.key_told = False
    bureau.settled()
    bureau.start()
    bureau.settled()
    assert bureau.told("start c")["status"] == "NOT_SUPPORTED"
    assert bureau.clerk.is_ready("m") == ""
    assert bureau.clerk.public_keys == {}
    assert bureau.entries() == {}


def test_a_meter_that_knows_no_such_verb_is_none_that_signs(bureau):
    bureau.settled()
    bureau.start()
    bureau.until_asked(GetIdentity)
    bureau.refuses_once("an EM340 does not sign", FailureKind.NOT_SUPPORTED)
    told = bureau.told("start c")
    assert told == {"status": "NOT_SUPPORTED", "error": "an EM340 does not sign"}


def test_a_record_that_does_not_verify_is_handed_over_and_flagged(bureau):
    bureau.meter.signs_wrongly = True
    bureau.started().stop()
    bureau.settled()
    [text] = bureau.meter.made
    assert bureau.told("stop c")["signed_meter_value"]["signed_meter_data"] == text
    assert "not this key's" in bureau.entries()["t-1"].complaint
    assert "record_unverified" in bureau.events()
    assert "does not verify" in bureau.clerk.is_ready("m")
    bureau.meter.signs_wrongly = False
    bureau.started("t-2").stop("t-2", caller="stop 2")
    bureau.settled()
    assert bureau.clerk.is_ready("m") == ""


def test_the_key_is_known_once_the_meter_has_told_it(bureau):
    assert bureau.clerk.public_keys == {}
    bureau.settled()
    assert bureau.clerk.public_keys == {"m": key_of("W1").public.hex}


def test_what_the_device_itself_calls_wrong_is_told(bureau):
    bureau.meter.faults = ("frequency out of range",)
    bureau.settled()
    assert bureau.clerk.is_ready("m") == "the meter reports: frequency out of range"
    assert "meter_faulty" in bureau.events()
    bureau.meter.faults = ()
    bureau.waits(61).settled()
    assert bureau.clerk.is_ready("m") == ""
    assert "meter_faultless" in bureau.events()


def test_a_record_is_removed_only_once_it_is_delivered_and_confirmed(tmp_path):
    bureau = Bureau(tmp_path / "kept.db", keep_days=1)
    bureau.started().stop()
    bureau.until_asked(ConfirmRecord)
    bureau.channel.meter = None
    bureau.settled()
    bureau.deliver_all()
    bureau.waits(3 * 86400)
    assert list(bureau.entries()) == ["t-1"]
    bureau.channel.meter = bureau.meter
    bureau.waits(61).settled()
    assert bureau.entries()["t-1"].confirmed_ns is not None
    bureau.started("t-2").stop("t-2", caller="stop t-2")
    bureau.settled()
    bureau.deliver_all()
    bureau.waits(3 * 86400)
    assert list(bureau.entries()) == ["t-2"]  # a meter's newest stays
    bureau.journal.close()


@pytest.mark.parametrize("verb", [EndTransaction, ReadRecord, ConfirmRecord])
def test_a_stop_comes_to_its_end_whatever_answer_is_lost(bureau, verb):
    bureau.started().stop()
    bureau.until_asked(verb)
    [(_, command)] = bureau.channel.calls
    bureau.meter.do(command)  # it does it, and nobody hears of it
    bureau.refuses_once("no answer", FailureKind.SILENT)
    bureau.waits(1).settled()
    bureau.waits(5).settled()
    [text] = bureau.meter.made
    assert bureau.told("stop c")["signed_meter_value"]["signed_meter_data"] == text
    assert bureau.meter.phase is MeterPhase.IDLE
    assert bureau.entries()["t-1"].confirmed_ns is not None

# SPDX-License-Identifier: Apache-2.0
"""The clerk with a real journal and a real key, on a clock that the test moves."""

import pytest

from publisher import record
from publisher.ecdsa import SigningKey
from publisher.journal import read_only
from publisher.ocmf import Sync
from publisher.record import Curve
from publisher.requests import Unreadable
from tests.fakes import sample_of
from tests.publisher.office import Office, key, request


@pytest.fixture
def office(tmp_path):
    office = Office(tmp_path / "journal.db")
    yield office
    office.journal.close()


def entries(office):
    with read_only(office.path) as look:
        return list(look())


def test_a_session_from_start_to_stop_gives_a_record_that_verifies(office):
    office.start()
    assert office.replies() == []
    office.reads()
    assert office.told("start c") == {"status": "OK"}
    office.stop()
    office.reads(after_s=60)
    told = office.told("stop c")
    signed = told["signed_meter_value"]
    assert told["status"] == "OK"
    assert (signed["signing_method"], signed["encoding_method"]) == ("", "OCMF")
    assert signed["public_key"] == key().public.hex
    verdict = record.verify(signed["signed_meter_data"], key().public)
    assert verdict.is_valid
    assert verdict.warnings == ()
    assert [entry["RV"] for entry in verdict.record.fields["RD"]] == ["1.001", "1.002"]


def test_the_begin_is_on_disk_when_it_is_told(office):
    office.start()
    office.reads()
    [entry] = entries(office)
    assert entry.open.begin.energy_mwh == 1_001_000
    assert entry.record is None


def test_a_reading_from_before_the_request_is_none(office):
    old = sample_of(wall_ns=office.clock.wall_ns(), energy_import_mwh=5)
    office.clock.advance(1)
    office.start()
    office.hear(office.clerk.sample("m", old))
    assert office.replies() == []


def test_a_sample_without_its_energy_is_no_reading(office):
    office.start()
    office.clock.advance(1)
    office.hear(
        office.clerk.sample(
            "m", sample_of(mono_ns=office.clock.mono_ns, wall_ns=office.clock.wall_ns())
        )
    )
    assert office.replies() == []
    office.reads()
    assert office.told("start c")["status"] == "OK"


def test_a_sample_from_before_the_clock_was_set_is_no_reading(office):
    office.start()
    office.clock.advance(1)
    wall_ns = office.clock.wall_ns()
    office.clock.wall_at_zero_ns += 3600 * 10**9
    late = sample_of(mono_ns=office.clock.mono_ns, wall_ns=wall_ns, energy_import_mwh=5)
    office.hear(office.clerk.sample("m", late))
    assert office.replies() == []
    office.reads()
    assert office.told("start c")["status"] == "OK"


def test_a_start_while_the_meter_is_silent_is_refused_and_leaves_nothing_open(office):
    office.start()
    assert office.clerk.due_ns == 30 * 10**9
    office.waits(29.9)
    assert office.replies() == []
    office.waits(0.1)
    assert office.told("start c")["status"] == "UNEXPECTED_ERROR"
    assert entries(office) == []
    assert office.clerk.due_ns is None


def test_a_stop_while_the_meter_is_silent_is_refused_and_a_later_one_succeeds(office):
    office.start()
    office.reads()
    office.stop()
    office.waits(30)
    assert office.told("stop c")["status"] == "UNEXPECTED_ERROR"
    office.stop(caller="stop again")
    office.reads()
    assert office.told("stop again")["status"] == "OK"


def test_a_record_is_repeated_byte_for_byte_also_after_a_restart(office):
    office.start()
    office.reads()
    office.stop()
    office.reads()
    office.restart()
    office.stop(caller="stop again")
    assert office.record("stop again") == office.record()


def test_everything_ends_at_once_and_the_record_is_kept(office):
    office.start()
    office.reads()
    office.stop("", caller="stop all")
    assert office.told("stop all") == {"status": "OK"}
    office.reads(after_s=2)
    [entry] = entries(office)
    assert entry.ending.cause == "A"
    assert record.verify(entry.record, key().public).is_valid


def test_a_transaction_goes_on_over_a_restart_of_the_machine(office):
    office.start()
    office.reads()
    office.kernel.boot_id, office.kernel.letter = "boot-2", Sync.UNKNOWN
    office.restart()
    office.reads(after_s=5)
    office.stop()
    office.reads(after_s=5)
    end = record.split(office.record()).fields["RD"][1]
    assert (end["TX"], end["EF"], end["ST"], end["TM"][-1]) == ("P", "t", "G", "U")


def test_what_cannot_be_written_in_a_record_is_refused_before_the_meter_is_asked(
    office,
):
    office.start(identification_data="no hex")
    told = office.told("start c")
    assert told["status"] == "UNEXPECTED_ERROR"
    assert "identification_data" in told["error"]
    assert office.clerk.due_ns is None


def test_a_start_that_cannot_be_recorded_does_not_end_what_is_open(office):
    office.start()
    office.reads()
    office.start("t-2", caller="start 2", identification_data="no hex")
    office.reads()
    [entry] = entries(office)
    assert (entry.open.transaction_id, entry.record) == ("t-1", None)


def test_a_request_that_is_none_is_answered(office):
    office.ask(Unreadable(reason="not JSON"), "stop c")
    assert office.told("stop c")["status"] == "UNEXPECTED_ERROR"


def test_a_meter_that_does_not_sign_says_so_and_is_ready(office):
    office.ask(Unreadable(reason="not JSON"), "start a", meter="other")
    office.ask(request(), "start b", meter="other")
    assert office.told("start b")["status"] == "NOT_SUPPORTED"
    assert office.clerk.is_ready("other") == ""
    assert office.clerk.sample("other", sample_of()) == []


def test_a_request_without_a_caller_is_done_and_not_answered(office):
    office.start(caller=None)
    office.reads()
    assert office.replies() == []
    assert len(entries(office)) == 1


def test_without_a_key_nothing_begins_and_health_is_silent(tmp_path):
    office = Office(tmp_path / "journal.db")
    office.key = None
    office.restart()
    assert "keygen" in office.clerk.is_ready("m")
    office.start()
    assert office.told("start c")["status"] == "UNEXPECTED_ERROR"
    office.stop("", caller="stop all")
    assert office.told("stop all") == {"status": "OK"}
    office.journal.close()


def test_without_a_counter_nothing_begins_and_health_is_silent(tmp_path):
    office = Office(tmp_path / "journal.db")
    office.key = SigningKey.generate(Curve.SECP256R1)
    office.restart()
    assert "no counter" in office.clerk.is_ready("m")
    office.start()
    office.reads()
    assert office.told("start c")["status"] == "UNEXPECTED_ERROR"
    office.journal.close()


def test_in_a_new_journal_the_key_signs_from_1_on_and_this_is_said(tmp_path):
    office = Office(tmp_path / "journal.db", add_key=False)
    assert office.clerk.is_ready("m") == ""
    office.start()
    office.reads()
    office.stop()
    office.reads()
    assert '"PG":"T1"' in office.record()
    office.restart()
    assert office.events().count("key_adopted") == 1
    office.journal.close()


def test_a_journal_that_was_lost_is_no_new_one(tmp_path):
    """Its witness is still there: T1 is out in the world already."""
    office = Office(tmp_path / "journal.db", add_key=False)
    office.start()
    office.reads()
    office.stop()
    office.reads()
    office.journal.close()
    for file in tmp_path.glob("journal.db*"):
        if not file.name.endswith(".counters"):
            file.unlink()
    office.begin()
    assert "no counter" in office.clerk.is_ready("m")
    office.journal.close()


def test_what_is_open_of_a_meter_that_is_gone_is_logged(office):
    office.start()
    office.reads()
    office.meters = ("another",)
    office.restart()
    [note] = [note for note in office.notes if note.event == "transaction_orphaned"]
    assert note.meter == "m"


def test_meters_do_not_wait_for_each_other(tmp_path):
    office = Office(tmp_path / "journal.db", meters=("m", "n"))
    office.start()
    office.ask(request("t-2"), "start n", meter="n")
    office.reads(meter="n")
    assert office.replies() == ["start n"]
    office.reads()
    assert office.told("start c") == {"status": "OK"}
    office.journal.close()


def test_a_repeated_start_is_told_the_same_and_begins_nothing_twice(office):
    office.start()
    office.reads()
    office.start(caller="start again")
    assert office.told("start again") == office.told("start c") == {"status": "OK"}
    assert len(entries(office)) == 1


def test_a_start_over_an_open_transaction_ends_it_and_keeps_its_record(office):
    office.start()
    office.reads()
    office.start("t-2", caller="start 2")
    office.reads()
    office.reads()
    assert office.told("start 2") == {"status": "OK"}
    first, second = entries(office)
    assert (first.ending.cause, first.pagination) == ("A", 1)
    assert second.record is None


def test_a_stop_of_an_unknown_id_is_refused_at_once(office):
    office.stop("t-9")
    assert office.told("stop c")["status"] == "UNEXPECTED_ERROR"
    assert entries(office) == []

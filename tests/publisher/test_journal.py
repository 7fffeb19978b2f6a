# SPDX-License-Identifier: Apache-2.0
"""What the journal keeps, for how long, and who may look into it."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import JournalBusyError, JournalError
from publisher.journal import Journal, read_only
from publisher.journalstate import JournalState
from publisher.ocmf import Sync
from tests.publisher.journals import begin, entries, finish, run_through
from tests.publisher.stories import KEY, NOON_NS, PUBLIC_KEY, begun

LATER_NS = NOON_NS + 10**18


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with Journal.open(path) as opened:
        opened.add_key(KEY, public_key=PUBLIC_KEY)
        yield opened


# What it keeps.


def test_an_open_transaction_is_there_after_a_restart(path, journal):
    begin(journal, "t-1", "left")
    begin(journal, "t-2", "right")
    journal.abandon("right", "t-2")
    journal.close()
    with Journal.open(path) as again:
        left, right = begun("t-1"), begun("t-2")
        found = again.open_transactions()
        assert found["left"] == left
        assert found["right"].is_dangling
        assert found["right"].begin == right.begin
        assert found["right"].request == right.request


def test_a_finished_transaction_is_recalled_byte_for_byte(path, journal):
    awkward = 'OCMF|{"TT":"0,50 \\u20ac \\u007c"}|{}  '
    begin(journal)
    finished = finish(journal, sign=lambda _: awkward)
    assert finished.record == awkward
    assert finished.public_key == PUBLIC_KEY
    assert journal.recall("m", "t-1") == finished
    assert journal.open_transactions() == {}
    journal.close()
    with Journal.open(path) as again:
        assert again.recall("m", "t-1") == finished


@given(
    record=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    energy=st.integers(0, 2**62),
)
def test_any_record_and_any_energy_come_back_as_they_were(
    tmp_path_factory, record, energy
):
    path = tmp_path_factory.mktemp("j") / "journal.db"
    with Journal.open(path) as journal:
        journal.add_key(KEY, public_key=PUBLIC_KEY)
        journal.begin("m", begun(energy_mwh=energy), fingerprint=KEY)
        finish(journal, energy_mwh=energy, sign=lambda _: record)
    [entry] = entries(path)
    assert entry.record == record
    assert entry.open.begin.energy_mwh == energy
    assert entry.ending.reading.energy_mwh == energy


def test_meters_are_independent(journal):
    begin(journal, "same", "left")
    begin(journal, "same", "right")
    finish(journal, "same", "left")
    assert list(journal.open_transactions()) == ["right"]
    assert journal.recall("right", "same") is None


# One open transaction, one number each.


def test_a_second_open_transaction_of_a_meter_is_refused_by_the_disk_itself(journal):
    begin(journal, "t-1")
    with pytest.raises(JournalError, match="UNIQUE"):
        begin(journal, "t-2")
    assert journal.state is JournalState.GOOD
    assert journal.open_transactions()["m"].transaction_id == "t-1"


def test_an_id_is_begun_once(journal):
    run_through(journal)
    with pytest.raises(JournalError, match="UNIQUE"):
        begin(journal)


def test_paginations_count_up_over_all_meters_of_a_key(journal):
    begin(journal, "a", "left")
    begin(journal, "b", "right")
    assert finish(journal, "b", "right").pagination == 1
    assert finish(journal, "a", "left").pagination == 2
    assert journal.next_pagination(KEY) == 3


def test_a_record_that_cannot_be_signed_uses_no_number_up(journal):
    def fails(_):
        raise ValueError("no key")

    begin(journal)
    with pytest.raises(ValueError, match="no key"):
        finish(journal, sign=fails)
    assert journal.next_pagination(KEY) == 1
    assert "m" in journal.open_transactions()
    assert finish(journal).pagination == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda journal: finish(journal, "t-1"),
        lambda journal: journal.abandon("m", "t-1"),
        lambda journal: journal.delivered("m", "t-2", wall_ns=1),
    ],
    ids=["finish", "abandon", "delivered"],
)
def test_what_is_not_so_in_the_journal_cannot_be_changed(journal, change):
    run_through(journal, "t-1")
    begin(journal, "t-2")
    with pytest.raises(JournalError, match="not so in the journal"):
        change(journal)
    assert journal.state is JournalState.GOOD
    assert journal.next_pagination(KEY) == 2


def test_an_id_that_no_text_can_hold_is_known_to_nobody(journal):
    with pytest.raises(JournalError, match="no text"):
        journal.recall("m", "\ud800")
    with pytest.raises(JournalError, match="no text"):
        begin(journal, "\ud800")
    assert journal.state is JournalState.GOOD
    assert run_through(journal).pagination == 1


# How long it keeps.


def test_only_what_was_delivered_and_is_old_is_removed(path, journal):
    for name in ("delivered", "kept", "young"):
        run_through(journal, name, after_s=1e6 if name == "young" else 60)
    journal.delivered("m", "delivered", wall_ns=1)
    journal.delivered("m", "young", wall_ns=1)
    begin(journal, "open")
    before_ns = NOON_NS + 61 * 10**9
    assert journal.prune(before_ns=before_ns, sync=Sync.SYNCHRONISED) == 1
    names = [entry.open.transaction_id for entry in entries(path)]
    assert names == ["kept", "young", "open"]
    assert journal.next_pagination(KEY) == 4


@pytest.mark.parametrize("sync", [Sync.UNKNOWN, Sync.INFORMATIVE])
def test_nothing_is_removed_by_a_clock_that_may_be_wrong(journal, sync):
    run_through(journal)
    journal.delivered("m", "t-1", wall_ns=1)
    assert journal.prune(before_ns=LATER_NS, sync=sync) == 0


def test_nothing_is_removed_that_ended_by_a_clock_that_may_be_wrong(journal):
    run_through(journal, sync=Sync.UNKNOWN)
    journal.delivered("m", "t-1", wall_ns=1)
    assert journal.prune(before_ns=LATER_NS, sync=Sync.SYNCHRONISED) == 0


def test_the_first_hand_over_is_the_one_that_is_kept(path, journal):
    run_through(journal)
    journal.delivered("m", "t-1", wall_ns=1)
    journal.delivered("m", "t-1", wall_ns=2)
    assert entries(path)[0].delivered_ns == 1


# Who may.


def test_a_second_writer_is_refused_and_told_why(path, journal):
    with pytest.raises(JournalBusyError, match="another publisher writes it"):
        Journal.open(path)
    begin(journal)


def test_a_reader_sees_what_is_committed_while_the_writer_works(path, journal):
    run_through(journal, "t-1")
    with read_only(path) as look:
        begin(journal, "t-2")
        assert [entry.open.transaction_id for entry in look()] == ["t-1", "t-2"]
        rows = look()
        next(rows)
        finish(journal, "t-2")  # in the middle of its reading
        assert next(rows).record is None
    assert entries(path)[1].pagination == 2


def test_a_reader_makes_no_journal(path):
    with pytest.raises(JournalError, match="no such file"), read_only(path):
        pass
    assert not path.exists()


def test_its_files_are_closed_to_others_whatever_the_umask_says(path):
    before = os.umask(0)
    try:
        with Journal.open(path) as journal:
            journal.add_key(KEY, public_key=PUBLIC_KEY)
            for file in path.parent.iterdir():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600
            run_through(journal)
            for file in path.parent.iterdir():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600
    finally:
        os.umask(before)


@pytest.mark.parametrize(("found", "left"), [(0o666, 0o640), (0o640, 0o640)])
def test_a_mode_that_allows_too_much_is_narrowed(path, found, left):
    Journal.open(path).close()
    path.chmod(found)
    Journal.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == left


def test_a_directory_in_which_anyone_could_replace_it_is_refused(path):
    path.parent.chmod(0o777)
    with pytest.raises(JournalError, match="chmod o-w"):
        Journal.open(path)


def test_a_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(JournalError, match="make this directory"):
        Journal.open(tmp_path / "absent" / "journal.db")
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"[Nn]ot a directory"):
        Journal.open(tmp_path / "file" / "journal.db")

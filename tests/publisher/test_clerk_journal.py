# SPDX-License-Identifier: Apache-2.0
"""The clerk while its journal fails, is mended, or is asked to forget."""

import contextlib
import sqlite3

import pytest

from publisher.journal import read_only
from publisher.journalstate import JournalState
from publisher.reading import Open
from tests.publisher.office import Office, key, request
from tests.publisher.stories import reading


@pytest.fixture
def office(tmp_path):
    office = Office(tmp_path / "journal.db")
    yield office
    office.journal.close()


def entries(office):
    with read_only(office.path) as look:
        return list(look())


def write_begin(office, name):
    """Write what the clerk does not know of."""
    open_ = Open(request=request(name), begin=reading(0))
    office.journal.begin("m", open_, fingerprint=key().public.fingerprint)


def spoil(office):
    """Take the journal away as a disk that fails does."""
    office.path.rename(office.path.with_name("away"))


def mend(office):
    office.path.with_name("away").rename(office.path)


def test_a_journal_that_fails_makes_start_fail_until_it_is_good_again(office):
    assert office.clerk.is_ready("m") == ""
    spoil(office)
    office.start()
    office.reads()
    assert office.told("start c")["status"] == "UNEXPECTED_ERROR"
    assert "removed" in office.clerk.is_ready("m")
    mend(office)
    office.waits(6)
    assert office.clerk.is_ready("m") == ""
    office.start(caller="start again")
    office.reads()
    assert office.told("start again") == {"status": "OK"}


def test_a_running_transaction_outlives_a_journal_that_failed(office):
    office.start()
    office.reads()
    spoil(office)
    office.stop()
    office.reads()
    assert office.told("stop c")["status"] == "UNEXPECTED_ERROR"
    mend(office)
    office.waits(6)
    office.stop(caller="stop again")
    office.reads()
    assert office.told("stop again")["status"] == "OK"


def test_an_end_nobody_waits_for_is_tried_once_a_second_while_it_fails(office):
    office.start()
    office.reads()
    office.stop("", caller="stop all")
    spoil(office)
    for _ in range(50):
        office.reads(after_s=0.1)
    tries = office.events().count("journal_refused")
    assert 4 <= tries <= 6
    mend(office)
    office.waits(6)
    office.reads()
    [entry] = entries(office)
    assert entry.record is not None


def test_at_boot_with_a_journal_that_is_foreign_all_is_refused_until_it_is_mended(
    tmp_path,
):
    path = tmp_path / "journal.db"
    path.write_bytes(b"no journal" * 100)
    office = Office(path, add_key=False)
    assert "no journal of ours" in office.clerk.is_ready("m")
    office.start()
    office.stop("", caller="stop all")
    assert office.told("start c")["status"] == "UNEXPECTED_ERROR"
    assert office.told("stop all")["status"] == "UNEXPECTED_ERROR"
    path.write_bytes(b"")
    office.waits(6)
    assert office.journal.state is JournalState.GOOD
    public = key().public
    office.journal.add_key(public.fingerprint, public_key=public.hex)
    office.start(caller="start again")
    office.reads()
    assert office.told("start again") == {"status": "OK"}
    office.journal.close()


def test_a_begin_that_reached_the_disk_though_it_failed_is_taken_up(office):
    write_begin(office, "t-1")
    office.journal.state = JournalState.FAILING
    office.waits(6)
    assert "transaction_reread" in office.events()
    office.stop()
    office.reads()
    assert office.told("stop c")["status"] == "OK"


def test_who_waits_when_the_journal_is_reread_is_told(office):
    office.start()
    write_begin(office, "t-9")
    office.journal.state = JournalState.FAILING
    office.waits(6)
    assert office.told("start c")["status"] == "UNEXPECTED_ERROR"
    office.reads()
    assert office.replies() == ["start c"]


def test_a_record_is_removed_only_when_it_was_delivered_and_is_old(tmp_path):
    office = Office(tmp_path / "journal.db", keep_days=10)
    for name in ("t-1", "t-2"):
        office.start(name, caller=f"start {name}")
        office.reads()
        office.stop(name, caller=f"stop {name}")
        office.reads()
    [post] = [post for post, _ in office.posts if post.topic == "stop t-1"]
    office.hear(office.clerk.delivered(post.delivery))
    office.waits(9 * 86400)
    assert len(entries(office)) == 2
    office.waits(2 * 86400)
    assert [entry.open.transaction_id for entry in entries(office)] == ["t-2"]
    office.journal.close()


def test_a_delivery_that_cannot_be_written_is_only_logged(office):
    office.start()
    office.reads()
    office.stop()
    office.reads()
    spoil(office)
    office.deliver_all()
    assert "delivery_unwritten" in office.events()
    mend(office)


@pytest.mark.slow
def test_a_journal_that_can_only_be_read_at_boot_still_tells_what_it_holds(office):
    office.start()
    office.reads()
    office.stop()
    office.reads()
    with contextlib.closing(sqlite3.connect(office.path)) as another:
        another.execute("BEGIN IMMEDIATE")
        office.restart()
        assert "journal_unwritable" in office.events()
        assert "the disk fails" in office.clerk.is_ready("m")
        assert office.clerk.due_ns == office.clock.mono_ns + 5 * 10**9
        office.stop(caller="stop again")
        assert office.record("stop again") == office.record()
    office.waits(5)
    assert office.clerk.is_ready("m") == ""
    assert office.clerk.due_ns is None


def test_retention_wakes_the_clerk_and_waits_for_a_good_journal(tmp_path):
    office = Office(tmp_path / "journal.db", keep_days=1)
    office.tick()
    assert office.clerk.due_ns == 3600 * 10**9
    office.journal._connection.execute("PRAGMA query_only = ON")
    office.waits(3600)
    assert "records_kept" in office.events()
    office.tick()
    assert office.clerk.is_ready("m") == ""
    office.journal.close()

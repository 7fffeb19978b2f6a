# SPDX-License-Identifier: Apache-2.0
"""What the journal says of a file that is full, damaged, gone or not its own."""

import sqlite3

import pytest

from publisher import schema
from publisher.errors import JournalError
from publisher.journal import Journal, read_only
from publisher.journalstate import JournalState
from tests.publisher.journals import begin, entries, finish, run_through
from tests.publisher.stories import KEY, PUBLIC_KEY


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with Journal.open(path) as opened:
        opened.add_key(KEY, public_key=PUBLIC_KEY)
        yield opened


def test_a_full_disk_loses_nothing_and_is_over_when_there_is_room(path, journal):
    begin(journal, "t-1")
    connection = journal._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="make room"):
        finish(journal, "t-1", sign=lambda _: "x" * 100_000)
    assert journal.state is JournalState.FULL
    with pytest.raises(JournalError, match="make room"):
        begin(journal, "t-2", "other")
    assert list(journal.open_transactions()) == ["m"]
    assert journal.probe() is JournalState.GOOD
    assert finish(journal, "t-1").pagination == 1
    assert [entry.pagination for entry in entries(path)] == [1]


def test_a_journal_that_cannot_be_written_can_still_be_read(journal):
    run_through(journal)
    journal._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(JournalError, match="make the file and its directory writable"):
        begin(journal, "t-2")
    assert journal.state is JournalState.READ_ONLY
    assert journal.recall("m", "t-1").pagination == 1
    assert journal.probe() is JournalState.GOOD


def test_something_else_at_its_path_is_a_state_and_is_left_alone(path):
    path.mkdir()
    with Journal.open(path) as journal:
        assert journal.state is JournalState.READ_ONLY
        with pytest.raises(JournalError):
            begin(journal)
        with pytest.raises(JournalError):
            journal.open_transactions()


@pytest.mark.parametrize("content", [b"no database at all" * 99, b"SQLite format 3\0"])
def test_a_file_that_is_no_database_is_a_state_and_is_left_alone(path, content):
    path.write_bytes(content)
    with Journal.open(path) as journal:
        assert journal.state in {JournalState.FOREIGN, JournalState.CORRUPT}
        with pytest.raises(JournalError):
            begin(journal)
    assert path.read_bytes() == content


def test_another_applications_database_is_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with Journal.open(path) as journal:
        assert journal.state is JournalState.FOREIGN
        with pytest.raises(JournalError, match=r"journal\.path"):
            journal.recall("m", "t-1")
    assert path.read_bytes() == before
    with pytest.raises(JournalError, match="no journal of ours"), read_only(path):
        pass


def test_a_damaged_page_is_seen_before_anything_is_written(path, journal):
    for number in range(40):
        run_through(journal, f"t-{number}", sign=lambda _: "x" * 900)
    journal.close()
    content = bytearray(path.read_bytes())
    for at in range(8192, len(content), 4096):  # the heads of all pages but the first
        content[at : at + 12] = b"\xff" * 12
    path.write_bytes(content)
    with Journal.open(path) as again:
        assert again.state is JournalState.CORRUPT
        with pytest.raises(JournalError, match="restore it from a copy"):
            begin(again, "new")
    assert path.read_bytes() == bytes(content)


def test_a_row_that_is_none_of_ours_is_damage(path, journal):
    begin(journal)
    journal.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE transactions SET request = '{}'")
    connection.close()
    with Journal.open(path) as again:
        with pytest.raises(JournalError, match="damaged"):
            again.open_transactions()
        assert again.state is JournalState.CORRUPT
    with pytest.raises(JournalError, match="cannot be read"):
        entries(path)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_removed_under_it_is_noticed_before_a_word_is_given(
    path, journal, replaced
):
    begin(journal)
    path.unlink()
    if replaced:
        path.write_bytes(b"")
    with pytest.raises(JournalError, match="removed or replaced"):
        finish(journal)
    assert journal.state is JournalState.MISSING
    assert journal.probe() is JournalState.MISSING
    assert path.exists() == replaced


# Versions.


def test_a_newer_version_is_not_touched(path, journal):
    journal.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with Journal.open(path) as again:
        assert again.state is JournalState.FOREIGN
    with pytest.raises(JournalError, match="a newer one"), read_only(path):
        pass


def test_an_older_version_is_brought_up_with_all_it_holds(path, journal):
    run_through(journal)
    journal.close()
    steps = (*schema.MIGRATIONS, ("ALTER TABLE keys ADD COLUMN note TEXT",))
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, steps)
    schema.migrate(connection, steps)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(steps),)
    assert connection.execute("SELECT * FROM keys").fetchall() == [
        (KEY, PUBLIC_KEY, 2, None)
    ]
    connection.close()


def test_a_step_that_fails_leaves_the_older_version_as_it_was(path, journal):
    run_through(journal)
    journal.close()
    steps = (*schema.MIGRATIONS, ("DROP TABLE keys", "no SQL"))
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection, steps)
    connection.close()
    with Journal.open(path) as again:
        assert again.state is JournalState.GOOD
        assert again.next_pagination(KEY) == 2


def test_every_commit_reaches_the_disk(journal):
    def pragma(name):
        return journal._connection.execute(f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2  # FULL

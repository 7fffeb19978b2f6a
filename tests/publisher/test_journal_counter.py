# SPDX-License-Identifier: Apache-2.0
"""A key's numbers: none twice, none left out, never from 1 again."""

import sqlite3

import pytest

from publisher.errors import CounterError
from publisher.journal import Journal
from tests.publisher.journals import begin, finish, run_through, text
from tests.publisher.stories import KEY, PUBLIC_KEY, begun, ended


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with Journal.open(path) as opened:
        opened.add_key(KEY, public_key=PUBLIC_KEY)
        yield opened


def test_nothing_begins_with_a_key_whose_counter_is_not_known(path):
    with Journal.open(path) as journal:
        with pytest.raises(CounterError, match=KEY):
            begin(journal)
        assert journal.open_transactions() == {}


def test_nothing_is_signed_with_a_key_whose_counter_is_not_known(journal):
    begin(journal)
    with pytest.raises(CounterError):
        journal.finish("m", "t-1", ended(), fingerprint="other", sign=text)
    assert "m" in journal.open_transactions()


def test_a_lost_journal_does_not_begin_at_one_again(path, journal):
    run_through(journal)
    journal.close()
    for file in path.parent.iterdir():
        file.unlink()
    with Journal.open(path) as again:
        with pytest.raises(CounterError, match="no counter"):
            begin(again, "t-2")
        again.add_key(KEY, public_key=PUBLIC_KEY, first_pagination=2)
        assert run_through(again, "t-2").pagination == 2


@pytest.mark.parametrize("first", [1, 2])
def test_a_known_counter_is_not_set_back(journal, first):
    run_through(journal)
    assert not journal.add_key(KEY, public_key=PUBLIC_KEY, first_pagination=first)
    assert journal.next_pagination(KEY) == 2


def test_an_older_copy_put_back_signs_no_number_twice(path, journal):
    run_through(journal, "t-1")
    journal.close()
    copy = path.read_bytes()
    with Journal.open(path) as used:
        run_through(used, "t-2")
    path.write_bytes(copy)
    with Journal.open(path) as again:
        with pytest.raises(CounterError, match="older copy"):
            begin(again, "t-2")
        assert again.recall("m", "t-1").pagination == 1
        again.add_key("new key", public_key="3059ff")
        again.begin("m", begun("t-3"), fingerprint="new key")
        assert again.add_key(KEY, public_key=PUBLIC_KEY, first_pagination=3)
        assert finish(again, "t-3").pagination == 3
        assert again.recall("m", "t-3").public_key == PUBLIC_KEY


def test_a_counter_behind_its_own_records_signs_nothing(path, journal):
    run_through(journal)
    journal.close()
    path.with_name("journal.db.counters").unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE keys SET next_pagination = 1")
    connection.close()
    with Journal.open(path) as again, pytest.raises(CounterError, match="1 is used"):
        again.next_pagination(KEY)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"' + KEY.encode()])
def test_a_torn_witness_says_nothing(path, journal, content):
    run_through(journal)
    journal.close()
    path.with_name("journal.db.counters").write_bytes(content)
    with Journal.open(path) as again:
        assert again.next_pagination(KEY) == 2


def test_a_witness_that_cannot_be_written_stops_nothing(path, journal):
    path.with_name("journal.db.counters.new").mkdir()
    assert run_through(journal).pagination == 1
    assert journal.next_pagination(KEY) == 2

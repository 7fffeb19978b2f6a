# SPDX-License-Identifier: Apache-2.0
"""What the journal holds now."""

import pytest

from publisher.books import Books
from publisher.journal import Journal
from publisher.signing.ledger import Ledger
from publisher.signing.standing import Open, Signer
from tests.publisher.journals import begin, finish
from tests.publisher.stories import KEY, PUBLIC_KEY, start_request


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with Journal.open(path) as journal:
        journal.add_key(KEY, public_key=PUBLIC_KEY)
        yield journal


@pytest.fixture
def books(journal, path):
    return Books(journal, path=path, fingerprint=KEY)


def test_nothing_is_known_before_the_first_look(books):
    assert books.open_transaction("m") is None
    assert books.status().next_pagination is None


def test_what_is_open_and_what_comes_next_is_told(books, journal, path):
    begin(journal, "t-7")
    books.look()
    assert books.open_transaction("m") == "t-7"
    assert books.open_transaction("other") is None
    status = books.status()
    assert (status.reason, status.next_pagination) == ("", 1)
    assert status.path == str(path)


def test_what_has_ended_is_open_no_more(books, journal):
    begin(journal)
    finish(journal)
    books.look()
    assert books.open_transaction("m") is None
    assert books.status().next_pagination == 2


def test_a_transaction_of_a_meter_that_signs_is_told_too(books, journal):
    signer = Signer(vendor="V", model="M", serial="S", firmware="1", public_key="3059")
    open_ = Open(request=start_request("t-9"), signer=signer)
    Ledger(journal).intend("signing", open_, wall_ns=1)
    books.look()
    assert books.open_transaction("signing") == "t-9"


def test_the_size_is_that_of_the_file_and_of_its_log(books, path):
    log = path.with_name("journal.db-wal")
    assert books.status().size_bytes == path.stat().st_size + log.stat().st_size


def test_without_its_log_the_size_is_that_of_the_file(books, journal, path):
    journal.close()
    assert books.status().size_bytes == path.stat().st_size


def test_a_journal_that_cannot_be_read_is_no_error(books, journal, path):
    begin(journal)
    books.look()
    path.unlink()
    journal.probe()
    books.look()
    status = books.status()
    assert books.open_transaction("m") is None
    assert status.next_pagination is None
    assert "restart" in status.reason
    assert status.size_bytes is None


def test_without_a_key_there_is_no_next_number(journal, path):
    books = Books(journal, path=path, fingerprint=None)
    books.look()
    assert books.status().next_pagination is None

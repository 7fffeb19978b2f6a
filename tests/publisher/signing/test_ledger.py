# SPDX-License-Identifier: Apache-2.0
"""The journal's part for meters that sign: what it keeps, and what it refuses."""

import sqlite3

import pytest
from msgspec.structs import replace

from publisher import schema
from publisher.errors import JournalError
from publisher.journal import Journal
from publisher.journalstate import JournalState
from publisher.ocmf import Sync
from publisher.reading import Kept
from publisher.signing import owner
from publisher.signing.ledger import Ledger
from publisher.signing.standing import Lost, Open, Signer
from tests.publisher.journals import run_through
from tests.publisher.stories import KEY, PUBLIC_KEY, start_request

SIGNER = Signer(vendor="V", model="M", serial="W1", firmware="1", public_key="3059")
OTHER = replace(SIGNER, serial="W2")
GOOD = {"wall_ns": 1000, "sync": Sync.SYNCHRONISED}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with Journal.open(path) as journal:
        yield journal


@pytest.fixture
def ledger(journal):
    return Ledger(journal)


def intent(name="t-1", signer=SIGNER):
    return Open(request=start_request(name), signer=signer)


def kept(name="t-1", text="OCMF|{}|{}", complaint=""):
    return Kept(
        transaction_id=name,
        record=text,
        start=None,
        public_key="3059",
        complaint=complaint,
    )


def begin(ledger, name="t-1", meter="m"):
    ledger.intend(meter, intent(name), wall_ns=1)
    ledger.begun(meter, intent(name), wall_ns=2)
    return ledger.open_transactions()[meter]


def test_what_is_open_is_as_it_was_written(ledger):
    ledger.intend("m", intent(), wall_ns=1)
    assert ledger.open_transactions() == {"m": intent()}
    ledger.begun("m", replace(intent(), start="OCMF|B|"), wall_ns=2)
    ledger.abandon("m", "t-1")
    held = replace(intent(), start="OCMF|B|", is_begun=True, is_dangling=True)
    assert ledger.open_transactions() == {"m": held}


def test_two_cannot_be_open_on_one_meter(ledger):
    begin(ledger)
    with pytest.raises(JournalError, match="UNIQUE"):
        ledger.intend("m", intent("t-2"), wall_ns=3)
    begin(ledger, "t-2", "other")


def test_what_has_ended_can_be_found_and_nothing_else(ledger):
    begin(ledger)
    assert ledger.find("m", "t-1") is None
    assert ledger.keep("m", kept(), SIGNER, **GOOD) == kept()
    assert ledger.find("m", "t-1") == kept()
    assert ledger.find("other", "t-1") is None
    assert ledger.open_transactions() == {}


def test_the_same_record_again_stays_as_it_is(ledger):
    begin(ledger)
    ledger.keep("m", kept(), SIGNER, **GOOD)
    begin(ledger, "t-2")
    again = kept("t-2", complaint="another word")
    assert ledger.keep("m", again, SIGNER, **GOOD) == kept()
    assert list(ledger.open_transactions()) == ["m"]


def test_no_record_is_ever_written_over(ledger):
    begin(ledger)
    ledger.keep("m", kept(), SIGNER, **GOOD)
    other = kept(text="OCMF|{ }|{}")
    given = ledger.keep("m", other, SIGNER, **GOOD)
    assert given == replace(other, transaction_id=owner.nobody(other.record))
    assert ledger.find("m", "t-1") == kept()


def test_a_lost_one_is_told_with_its_reason_until_its_record_turns_up(ledger):
    open_ = begin(ledger)
    ledger.lose("m", open_, "gone", **GOOD)
    assert ledger.find("m", "t-1") == Lost(transaction_id="t-1", reason="gone")
    begin(ledger, "t-2")
    ledger.keep("m", kept(), SIGNER, **GOOD)
    assert ledger.find("m", "t-1") == kept()


def test_one_that_never_began_leaves_nothing(ledger):
    ledger.intend("m", intent(), wall_ns=1)
    ledger.lose("m", intent(), "never began", **GOOD)
    assert ledger.open_transactions() == {}
    assert ledger.find("m", "t-1") is None
    begin(ledger)


def test_one_that_began_is_not_forgotten_by_mistake(ledger):
    begin(ledger)
    with pytest.raises(JournalError, match="not so in the journal"):
        ledger.lose("m", intent(), "never began", **GOOD)
    assert ledger.open_transactions()["m"].is_begun


def test_a_confirmation_is_that_of_one_very_meter(ledger):
    ledger.keep("m", kept("a", "OCMF|{}|a"), SIGNER, **GOOD)
    ledger.keep("m", kept("b", "OCMF|{}|b"), OTHER, **GOOD)
    ledger.confirmed("m", SIGNER, wall_ns=3)
    assert ledger.is_unconfirmed("m")
    ledger.confirmed("m", OTHER, wall_ns=3)
    assert not ledger.is_unconfirmed("m")


@pytest.mark.parametrize(
    "wrong",
    [lambda it: it.begun("m", intent(), wall_ns=1), lambda it: it.abandon("m", "x")],
    ids=["begun", "abandoned"],
)
def test_what_is_not_there_is_not_changed(ledger, wrong):
    with pytest.raises(JournalError, match="not so in the journal"):
        wrong(ledger)


# Retention.


def finished(ledger, name, *, is_delivered=True, is_confirmed=True, **when):
    ledger.keep("m", kept(name, f"OCMF|{name}|"), SIGNER, **{**GOOD, **when})
    if is_delivered:
        ledger.delivered("m", name, wall_ns=5)
    if is_confirmed:
        ledger.confirmed("m", SIGNER, wall_ns=6)


def prune(ledger, sync=Sync.SYNCHRONISED):
    return ledger.prune(before_ns=2000, sync=sync)


def test_what_is_old_delivered_and_confirmed_goes(ledger):
    finished(ledger, "a")
    finished(ledger, "b")
    assert prune(ledger, Sync.INFORMATIVE) == 0
    assert prune(ledger) == 1
    assert ledger.find("m", "a") is None


def test_a_meters_newest_record_stays_so_that_it_is_known_if_shown_again(ledger):
    finished(ledger, "a")
    assert prune(ledger) == 0
    assert ledger.find("m", "a") is not None


@pytest.mark.parametrize(
    "how",
    [
        {"is_delivered": False},
        {"is_confirmed": False},
        {"wall_ns": 3000},
        {"sync": Sync.UNKNOWN},
    ],
)
def test_what_is_not_delivered_not_confirmed_or_young_stays(ledger, how):
    finished(ledger, "a", **how)
    finished(ledger, "b", is_confirmed=how.get("is_confirmed", True))
    assert prune(ledger) == 0
    assert ledger.find("m", "a") is not None


def test_what_is_open_stays(ledger):
    begin(ledger)
    assert prune(ledger) == 0


def test_what_was_lost_goes_with_the_years(ledger):
    ledger.lose("m", begin(ledger), "gone", **GOOD)
    assert prune(ledger) == 1


# Versions and damage.


def test_a_journal_of_the_version_before_is_brought_up_with_all_it_holds(path):
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, schema.MIGRATIONS[:1])
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.execute("INSERT INTO keys VALUES (?, ?, 1)", (KEY, PUBLIC_KEY))
    connection.close()
    with Journal.open(path) as journal:
        assert journal.state is JournalState.GOOD
        run_through(journal)
        begin(Ledger(journal))
        assert journal.recall("m", "t-1").pagination == 1
        assert list(Ledger(journal).open_transactions()) == ["m"]


def test_a_row_that_is_none_of_ours_is_damage(path, journal, ledger):
    begin(ledger)
    journal.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meter_transactions SET signer = '{}'")
    connection.close()
    with Journal.open(path) as again:
        with pytest.raises(JournalError, match="damaged"):
            Ledger(again).open_transactions()
        assert again.state is JournalState.CORRUPT

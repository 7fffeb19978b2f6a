# SPDX-License-Identifier: Apache-2.0
"""The clerk when the disk goes away just as the key is to sign for the first time."""

import pytest

from publisher.clerk import Clerk, Limits
from publisher.journal import Journal
from publisher.notary import Notary
from tests.fakes import FakeClock
from tests.publisher.office import GATEWAY, FakeKernel, key, signed_meter


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


@pytest.fixture
def clerk(journal, clock):
    return Clerk(
        [signed_meter()],
        notary=Notary(journal, key=key(), gateway=GATEWAY),
        limits=Limits(probe_s=5),
        clock=clock,
        kernel=FakeKernel(),
    )


def events(said):
    return [note.event for note in said]


def test_a_key_that_cannot_be_written_down_does_not_sign_until_it_is(
    clerk, clock, tmp_path
):
    path, away = tmp_path / "journal.db", tmp_path / "away"
    path.rename(away)
    said = clerk.boot()
    assert events(said)[-1] == "journal_unwritable"
    assert said[-1].is_warning
    assert "key_adopted" not in events(said)
    assert "has no counter" in clerk.is_ready("m")
    assert clerk.due_ns == clock.mono_ns + 5 * 10**9

    away.rename(path)
    clock.advance(5)
    assert "key_adopted" in events(clerk.tick(clock.mono_ns))
    assert clerk.is_ready("m") == ""
    assert clerk.due_ns is None


def test_a_key_is_adopted_once(clerk, clock, journal):
    assert events(clerk.boot()) == ["journal_good", "key_adopted"]
    assert journal.next_pagination(key().public.fingerprint) == 1
    clock.advance(60)
    assert clerk.tick(clock.mono_ns) == []

# SPDX-License-Identifier: Apache-2.0
"""What signed records need: looked at where they are made, and nowhere else."""

import pytest

from ipc import config
from publisher.live import inspection
from publisher.live.finding import Verdict
from tests.system.mistakes import write


@pytest.fixture
def load(tmp_path):
    write(tmp_path, {"directory": tmp_path, "busy": "/dev/none"})
    return lambda name: config.load(tmp_path / f"{name}.toml")


def test_where_nobody_signs_neither_key_nor_journal_is_asked_for(load):
    assert list(inspection._records(load("good"))) == []


def test_where_the_gateway_signs_key_clock_and_journal_are_looked_at(load):
    key, clock, journal = inspection._records(load("no-journal"))
    assert (key.subject, key.verdict) == ("signing key", Verdict.OK)
    assert clock.subject == "clock"
    assert (journal.subject, journal.verdict) == ("journal", Verdict.FAILED)
    assert "/nowhere" in journal.detail


def test_where_the_meters_sign_the_gateway_needs_no_key(load):
    subjects = [each.subject for each in inspection._records(load("no-signer"))]
    assert subjects == ["clock", "journal"]

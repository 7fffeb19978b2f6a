# SPDX-License-Identifier: Apache-2.0
"""The crash matrix: a whole story, killed at each of its steps, and finished.

Steps are the boundaries between effects and the SQL statements. After each kill the
process is started again, EVerest asks again for what it has no answer to, and nothing
may be lost, doubled or told in two ways.
"""

import os
import random
import shutil
import signal
import struct

import pytest

from publisher import database
from publisher.journal import Journal, read_only
from publisher.journalstate import JournalState
from tests.publisher.gateway import (
    EXPECTED,
    METER,
    Gateway,
    answers_in,
    tell_story,
)
from tests.publisher.stories import KEY, PUBLIC_KEY, begun, ended

pytestmark = pytest.mark.system

MOST_STEPS = 2000


@pytest.fixture
def directory(tmp_path):
    """Give a directory in which the key was used before the story begins."""
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.add_key(KEY, public_key=PUBLIC_KEY)
    return tmp_path


def run_killed_at(directory, step):
    """Tell the story in a process that is killed at a step; whether it was."""
    pid = os.fork()
    if pid == 0:
        try:
            _tell_and_die(directory, step)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in {0, -signal.SIGKILL}
    return status != 0


def _tell_and_die(directory, step):
    left = step

    def boundary(*_):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    connect = database.connect

    def traced(path, mode):
        connection = connect(path, mode)
        connection.set_trace_callback(boundary)
        return connection

    database.connect = traced
    _tell(directory, boundary)


def _tell(directory, boundary=lambda: None):
    answers = directory / "answers"
    with Journal.open(directory / "journal.db") as journal:
        tell_story(Gateway(journal, answers, boundary), answers)


def check(directory):
    """See that the story came to the one end there is."""
    assert answers_in(directory / "answers") == EXPECTED
    with read_only(directory / "journal.db") as look:
        entries = list(look())
    found = [(entry.open.transaction_id, entry.pagination) for entry in entries]
    assert found == [("t-1", 1), ("t-2", 2), ("t-3", 3), ("t-4", 4)]
    for entry in entries:
        name = entry.open.transaction_id
        assert entry.record == f'OCMF|{{"PG":"T{entry.pagination}","ID":"{name}"}}|'
    with Journal.open(directory / "journal.db") as journal:
        assert journal.next_pagination(KEY) == 5
        assert journal.open_transactions() == {}


def fresh(directory, number):
    """Copy what was there before the story."""
    copy = directory.parent / f"{directory.name}-{number}"
    copy.mkdir()
    for file in directory.iterdir():
        shutil.copy(file, copy)
    return copy


def test_killed_at_any_step_the_story_comes_to_the_same_end(directory):
    for step in range(1, MOST_STEPS):
        copy = fresh(directory, step)
        was_killed = run_killed_at(copy, step)
        if was_killed:
            _tell(copy)
        check(copy)
        shutil.rmtree(copy)
        if not was_killed:
            break
    print(f"killed at each of {step - 1} steps")  # noqa: T201 - the figures of the run
    assert 100 < step < MOST_STEPS


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_killed_again_and_again_the_story_comes_to_the_same_end(directory):
    for number in range(1000):
        copy = fresh(directory, number)
        kills = 0
        while run_killed_at(copy, random.randrange(15, 120)):
            kills += 1
            assert kills < 500
        check(copy)
        shutil.rmtree(copy)


# A power cut may leave any part of what was written since the last commit.


def _commits(directory):
    """Make a journal by single commits; give what each left behind."""
    path = directory / "journal.db"
    journal = Journal.open(path)
    seen = []

    def see():
        with read_only(path) as look:
            seen.append(list(look()))

    see()
    for number in range(1, 6):
        name = f"t-{number}"
        journal.begin(METER, begun(name), fingerprint=KEY)
        see()
        journal.finish(
            METER, name, ended(), fingerprint=KEY, sign=lambda n: f"OCMF|T{n}|"
        )
        see()
    return journal, seen


def _cuts(wal):
    """Give the lengths to cut to: around each frame's edges and in its middle."""
    (page_size,) = struct.unpack_from(">I", wal, 8)
    frame = 24 + page_size
    for at in range(32, len(wal) + 1, frame):
        yield from (at - 1, at, at + 1, at + 24, at + frame // 2)


def test_a_power_cut_leaves_whole_commits_and_no_number_twice(directory):
    journal, seen = _commits(directory)
    wal = (directory / "journal.db-wal").read_bytes()
    found = []
    for number, length in enumerate(_cuts(wal)):
        copy = fresh(directory, number)
        (copy / "journal.db-shm").unlink()
        # What is cut off was not yet on the disk, so no witness of it was either.
        (copy / "journal.db.counters").unlink()
        (copy / "journal.db-wal").write_bytes(wal[:length])
        with Journal.open(copy / "journal.db") as recovered:
            assert recovered.state is JournalState.GOOD
            count = recovered.next_pagination(KEY)
        with read_only(copy / "journal.db") as look:
            entries = list(look())
        found.append(seen.index(entries))
        finished = [entry for entry in entries if entry.record]
        assert count == len(finished) + 1
        shutil.rmtree(copy)
    journal.close()
    assert found == sorted(found), "a longer log held less"
    assert set(found) == set(range(len(seen)))

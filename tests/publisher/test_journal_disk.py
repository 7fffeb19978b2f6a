# SPDX-License-Identifier: Apache-2.0
"""The core and the journal on a disk of a few hundred kilobytes that really fills up.

Each test runs in a process with a file system of its own (a user namespace); where
the kernel does not allow that, they are skipped.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from publisher.journal import Journal, read_only
from publisher.journalstate import JournalState
from tests.publisher.gateway import METER, Gateway, answers_in
from tests.publisher.stories import KEY, PUBLIC_KEY, begun, ended, start, stop

ROOT = Path(__file__).parents[2]
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]

pytestmark = pytest.mark.system


def can_mount(directory):
    mount = ["mount", "-t", "tmpfs", "tmpfs", str(directory)]
    try:
        run = subprocess.run([*UNSHARE, *mount], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return run.returncode == 0


def on_small_disk(directory, scene):
    """Run a scene of this file on a fresh disk mounted at the directory."""
    if not can_mount(directory):
        pytest.skip("no file system of our own to be had here")
    script = (
        f"mount -t tmpfs -o size=400k tmpfs {directory} && exec {sys.executable} -c"
        f" 'from tests.publisher.test_journal_disk import {scene};"
        f' from pathlib import Path; {scene}(Path("{directory}"))\''
    )
    run = subprocess.run(
        [*UNSHARE, "sh", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def fill(directory):
    """Leave not one free byte; give the file to remove for some."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return ballast


def remount(directory, how):
    command = ["mount", "-o", f"remount,{how}", str(directory)]
    subprocess.run(command, check=True)


def everything_is_refused_and_nothing_lost_until_there_is_room(directory):
    answers = directory.parent / "answers"
    with Journal.open(directory / "journal.db") as journal:
        journal.add_key(KEY, public_key=PUBLIC_KEY)
        gateway = Gateway(journal, answers)
        gateway.hear(start("t-1", "start"))
        ballast = fill(directory)
        gateway.hear(stop("t-1", "stop"))
        assert journal.state is JournalState.FULL, journal.state
        gateway.hear(start("t-2", "start while full"))
        told = answers_in(answers)
        assert "make room" in told["stop"]
        assert "make room" in told["start while full"]
        assert journal.probe() is JournalState.FULL
        assert list(journal.open_transactions()) == [METER]
        ballast.unlink()
        assert journal.probe() is JournalState.GOOD
        gateway.hear(stop("t-1", "stop again"))
        assert '"PG":"T1"' in answers_in(answers)["stop again"]


def a_restart_on_a_full_disk_knows_what_is_open(directory):
    answers = directory.parent / "answers"
    with Journal.open(directory / "journal.db") as journal:
        journal.add_key(KEY, public_key=PUBLIC_KEY)
        Gateway(journal, answers).hear(start("t-1", "start"))
    ballast = fill(directory)
    with Journal.open(directory / "journal.db") as journal:
        assert journal.state is not JournalState.GOOD
        ballast.unlink()
        assert journal.probe() is JournalState.GOOD
        gateway = Gateway(journal, answers)
        gateway.hear(stop("t-1", "stop"))
        assert '"PG":"T1"' in answers_in(answers)["stop"]


def a_disk_that_became_read_only_is_a_state(directory):
    path = directory / "journal.db"
    with Journal.open(path) as journal:
        journal.add_key(KEY, public_key=PUBLIC_KEY)
        journal.begin(METER, begun("t-1"), fingerprint=KEY)
        journal.finish(METER, "t-1", ended(), fingerprint=KEY, sign=lambda n: f"T{n}")
    remount(directory, "ro")
    with Journal.open(path) as journal:
        assert journal.state is JournalState.READ_ONLY
        remount(directory, "rw")
        assert journal.probe() is JournalState.GOOD
        assert journal.recall(METER, "t-1").record == "T1"
    with read_only(path) as look:
        assert len(list(look())) == 1


@pytest.mark.parametrize(
    "scene",
    [
        everything_is_refused_and_nothing_lost_until_there_is_room,
        a_restart_on_a_full_disk_knows_what_is_open,
        a_disk_that_became_read_only_is_a_state,
    ],
    ids=lambda scene: scene.__name__,
)
def test_on_a_disk_of_its_own(tmp_path, scene):
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o700)
    on_small_disk(disk, scene.__name__)

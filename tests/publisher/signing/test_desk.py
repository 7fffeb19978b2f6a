# SPDX-License-Identifier: Apache-2.0
"""When a desk wants to be woken, and what it makes of a journal that was mended."""

import contextlib
import sqlite3

from ipc.commands import Answer, BeginTransaction, Done, MeterPhase
from ipc.units import NS_PER_S
from publisher.signing.patience import LOOK_S


def due_in(bureau):
    """Give the seconds until the clerk wants to be woken; None: never."""
    due_ns = bureau.clerk.due_ns
    if due_ns is None:
        return None
    return (due_ns - bureau.clock.monotonic_ns()) / NS_PER_S


def test_while_only_the_meter_is_waited_for_nothing_is_due(bureau):
    assert due_in(bureau) is None


def test_at_rest_the_next_look_is_due(bureau):
    bureau.settled()
    assert due_in(bureau) == LOOK_S


def test_a_request_is_due_at_its_deadline(bureau):
    bureau.settled()
    bureau.start()
    assert due_in(bureau) == 30


def test_after_a_failure_the_next_attempt_is_due(bureau):
    bureau.channel.meter = None
    bureau.settled()
    assert due_in(bureau) == 1
    bureau.waits(1).settled()
    assert due_in(bureau) == 2


def test_an_answer_to_what_was_not_asked_changes_nothing(bureau):
    bureau.settled()
    bureau.start()
    bureau.until_asked(BeginTransaction)
    bureau.hear(
        bureau.clerk.heard(bureau.channel, [Answer(number=999, outcome=Done())])
    )
    assert bureau.entries()["t-1"].begun_ns is None


def test_the_answers_of_another_channel_are_none_of_its_business(bureau):
    bureau.settled()
    bureau.start()
    [(number, _)] = bureau.channel.calls
    answer = Answer(number=number, outcome=Done())
    assert bureau.clerk.heard(object(), [answer]) == []


def test_a_noisy_line_is_no_reason_to_look_all_the_time(bureau):
    bureau.settled()
    asked = len(bureau.channel.commands)
    for _ in range(60):
        bureau.waits(0.5).samples(missed=1).settled()
    looks = (len(bureau.channel.commands) - asked) / 2
    assert looks <= 4


def fail_to_write(bureau):
    """Have the disk refuse every write, until the journal is opened anew."""
    bureau.journal._connection.execute("PRAGMA query_only = ON")


def write_all_the_same(bureau):
    """Have on disk what was thought not to be written."""
    with contextlib.closing(sqlite3.connect(bureau.path)) as connection, connection:
        connection.execute("UPDATE meter_transactions SET is_dangling = 1")


def test_ending_everything_is_no_ok_if_it_cannot_be_written(bureau):
    bureau.started()
    fail_to_write(bureau)
    bureau.stop("")
    assert "writable" in bureau.error()
    assert bureau.meter.phase is MeterPhase.RUNNING


def test_a_write_that_had_reached_the_disk_after_all_is_gone_by(bureau):
    bureau.started()
    fail_to_write(bureau)
    bureau.stop("")
    write_all_the_same(bureau)
    bureau.waits(6).settled()
    assert "transaction_reread" in bureau.events()
    assert bureau.meter.phase is MeterPhase.IDLE
    assert bureau.entries()["t-1"].record in bureau.meter.made


def test_whoever_waited_while_the_journal_was_reread_is_answered(bureau):
    bureau.started()
    fail_to_write(bureau)
    bureau.stop("", caller="stop all")
    bureau.stop("t-1")
    write_all_the_same(bureau)
    bureau.waits(6)
    assert "meanwhile" in bureau.error()
    bureau.settled()
    bureau.waits(6).settled()
    bureau.stop("t-1", caller="stop again")
    bureau.settled()
    assert bureau.record("stop again") in bureau.meter.made

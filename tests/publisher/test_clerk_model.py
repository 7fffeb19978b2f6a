# SPDX-License-Identifier: Apache-2.0
"""Any interleaving of requests, readings, silence, restarts and a failing journal."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from publisher import record
from publisher.journal import read_only
from publisher.journalstate import JournalState
from tests.publisher.office import Office, key

NAMES = st.sampled_from(["a", "b", "c"])


class Shift(RuleBasedStateMachine):
    """What holds of the clerk, whatever happens, looked up in its journal's file."""

    def __init__(self):
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "journal.db"
        self.away = self.path.with_name("away")
        self.office = Office(self.path)
        self.asked = {}
        self.looked_at = 0
        self.boots = 1

    @rule(name=NAMES)
    def start(self, name):
        self.office.start(name, self.caller("start", name))

    @rule(name=NAMES)
    def stop(self, name):
        self.office.stop(name, self.caller("stop", name))

    @rule()
    def stop_all(self):
        self.office.stop("", self.caller("stop", ""))
        assert list(self.asked)[-1] in self.office.replies()

    def caller(self, verb, name):
        caller = f"{verb} {len(self.asked)}"
        self.asked[caller] = name
        return caller

    @rule(after_s=st.floats(0.1, 3))
    def read(self, after_s):
        self.office.reads(after_s=after_s)

    @rule()
    def stay_silent(self):
        self.office.waits(31)
        assert set(self.asked) == set(self.office.replies())

    @precondition(lambda self: not self.away.exists())
    @rule(machine_too=st.booleans())
    def restart(self, machine_too):
        for caller in set(self.asked) - set(self.office.replies()):
            del self.asked[caller]  # nobody answers these: EVerest asks again
            self.asked[f"{caller} (gone)"] = ""
            self.office.posts.append((Gone(f"{caller} (gone)"), None))
            self.looked_at += 1
        self.boots += machine_too
        self.office.kernel.boot_id = f"boot-{self.boots}"
        self.office.restart()

    @precondition(lambda self: not self.away.exists())
    @rule()
    def lose_journal(self):
        self.path.rename(self.away)

    @precondition(lambda self: self.away.exists())
    @rule()
    def mend_journal(self):
        self.away.rename(self.path)
        self.office.waits(5)
        assert self.office.journal.state is JournalState.GOOD

    def entries(self):
        with read_only(self.path) as look:
            return {entry.open.transaction_id: entry for entry in look()}

    @invariant()
    def nobody_is_answered_twice(self):
        replies = self.office.replies()
        assert len(replies) == len(set(replies))
        assert set(replies) <= set(self.asked)

    @precondition(lambda self: not self.away.exists())
    @invariant()
    def what_is_told_is_on_disk(self):
        entries = self.entries()
        posts = self.office.posts[self.looked_at :]
        self.looked_at += len(posts)
        for post, told in posts:
            name = self.asked[post.topic]
            if told["status"] != "OK" or not name:
                continue
            if post.topic.startswith("start"):
                assert name in entries
            else:
                signed = told["signed_meter_value"]["signed_meter_data"]
                assert entries[name].record == signed

    @precondition(lambda self: not self.away.exists())
    @invariant()
    def records_verify_and_their_numbers_have_no_gap(self):
        ended = [entry for entry in self.entries().values() if entry.record]
        for entry in ended:
            assert record.verify(entry.record, key().public).is_valid
        numbers = sorted(entry.pagination for entry in ended)
        assert numbers == list(range(1, len(ended) + 1))

    def teardown(self):
        self.office.journal.close()
        self.directory.cleanup()


class Gone:
    """Stands for a reply that a process took with it."""

    def __init__(self, topic):
        self.topic = topic


TestShift = pytest.mark.slow(Shift.TestCase)
TestShift.settings = settings(stateful_step_count=30)

# SPDX-License-Identifier: Apache-2.0
"""The core and a real journal against a model of ten lines, through restarts."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from publisher.journal import Journal, read_only
from tests.publisher.gateway import Gateway, answers_in
from tests.publisher.stories import KEY, PUBLIC_KEY, start, stop, stop_all

IDS = st.sampled_from("abcd")


class Station(RuleBasedStateMachine):
    """A meter that always answers; EVerest asks what it likes."""

    def __init__(self):
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "journal.db"
        self.answers = self.path.with_name("answers")
        self.open = None
        self.finished = []
        self.callers = 0
        self.boot = 1
        self.begin_process()
        self.journal.add_key(KEY, public_key=PUBLIC_KEY)

    def begin_process(self):
        self.journal = Journal.open(self.path)
        boot = f"boot-{self.boot}"
        self.gateway = Gateway(self.journal, self.answers, boot=boot)

    @rule(machine_too=st.booleans())
    def restart(self, machine_too):
        self.journal.close()
        self.boot += machine_too
        self.begin_process()

    @rule(name=IDS)
    def start(self, name):
        told = self.ask(start(name, self.caller()))
        if name in self.finished:
            assert told == "this transaction has ended already"
            return
        if name != self.open:
            self.end()
            self.open = name
        assert told == "begun"

    @rule(name=IDS)
    def stop(self, name):
        told = self.ask(stop(name, self.caller()))
        if name == self.open:
            self.end()
        if name in self.finished:
            assert told == self.record_of(name)
        else:
            assert told == "no transaction of this id is known"

    @rule()
    def stop_all(self):
        assert self.ask(stop_all(self.caller())) == "cleared"
        self.end()

    def end(self):
        if self.open is not None:
            self.finished.append(self.open)
            self.open = None

    def record_of(self, name):
        return f'OCMF|{{"PG":"T{self.finished.index(name) + 1}","ID":"{name}"}}|'

    def caller(self):
        self.callers += 1
        return f"caller-{self.callers}"

    def ask(self, event):
        self.gateway.hear(event)
        return answers_in(self.answers)[event.caller]

    @invariant()
    def the_journal_is_as_the_model(self):
        with read_only(self.path) as look:
            entries = list(look())
        ended = [
            (entry.pagination, entry.open.transaction_id)
            for entry in entries
            if entry.record
        ]
        begun = [entry.open.transaction_id for entry in entries if not entry.record]
        assert sorted(ended) == list(enumerate(self.finished, 1))
        assert begun == ([] if self.open is None else [self.open])

    def teardown(self):
        self.journal.close()
        self.directory.cleanup()


TestStation = pytest.mark.slow(Station.TestCase)
TestStation.settings = settings(stateful_step_count=20)

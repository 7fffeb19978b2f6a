# SPDX-License-Identifier: Apache-2.0
"""A clerk, a real journal and a meter that signs, through any interleaving."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ipc.commands import MeterPhase
from publisher import record
from tests.publisher.signing.bureau import Bureau
from tests.publisher.signing.meters import key_of

NAMES = st.sampled_from(["a", "b", "c"])


class Shift(RuleBasedStateMachine):
    """What holds of all that was told, looked up in the journal's file."""

    def __init__(self):
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.bureau = Bureau(Path(self.directory.name) / "journal.db")
        self.asked = {}
        self.gone = set()
        self.looked_at = 0

    @rule(name=NAMES)
    def start(self, name):
        self.bureau.start(name, self.caller("start", name))

    @rule(name=NAMES)
    def stop(self, name):
        self.bureau.stop(name, self.caller("stop", name))

    @rule()
    def stop_all(self):
        self.bureau.stop("", self.caller("stop", ""))
        assert list(self.asked)[-1] in self.bureau.replies(), "it waited for the meter"

    def caller(self, verb, name):
        caller = f"{verb} {len(self.asked)}"
        self.asked[caller] = name
        return caller

    @rule(steps=st.integers(1, 12))
    def answer(self, steps):
        self.bureau.answered(steps)

    @rule()
    def lose_an_answer(self):
        self.bureau.channel.meter = None
        self.bureau.answered()
        self.bureau.channel.meter = self.bureau.meter

    @rule()
    def do_and_lose_the_answer(self):
        for _, command in self.bureau.channel.calls:
            self.bureau.meter.do(command)
        self.lose_an_answer()

    @rule()
    def lose_power(self):
        self.bureau.meter.lose_power()

    @rule(seconds=st.sampled_from((0.5, 1, 5, 31, 61)))
    def wait(self, seconds):
        self.bureau.waits(seconds)
        if seconds > 30:
            assert set(self.asked) - self.gone == set(self.bureau.replies())

    @rule()
    def restart(self):
        waiting = set(self.asked) - set(self.bureau.replies())
        self.asked = {  # nobody answers these: EVerest asks again
            f"{caller}, gone" if caller in waiting else caller: name
            for caller, name in self.asked.items()
        }
        self.gone |= {f"{caller}, gone" for caller in waiting}
        self.bureau.restart()

    @invariant()
    def nobody_is_answered_twice(self):
        replies = self.bureau.replies()
        assert len(replies) == len(set(replies))

    @invariant()
    def what_is_told_is_on_disk(self):
        entries = self.bureau.entries()
        posts = self.bureau.posts[self.looked_at :]
        self.looked_at += len(posts)
        for post in posts:
            name, told = self.asked[post.topic], self.bureau.told(post.topic)
            if told["status"] != "OK" or not name:
                continue
            if post.topic.startswith("start"):
                assert entries[name].begun_ns is not None
            else:
                assert entries[name].record == self.bureau.record(post.topic)

    @invariant()
    def no_record_is_lost_and_all_verify(self):
        kept = {entry.record: name for name, entry in self.bureau.entries().items()}
        for text, name in self.bureau.meter.made.items():
            assert text == self.bureau.meter.record or kept[text] == name
            assert record.verify(text, key_of("W1").public).is_valid

    def teardown(self):
        """Let all go well: nothing waits on the meter, and nobody for an answer."""
        self.bureau.settled().waits(61).settled()
        assert set(self.asked) - self.gone == set(self.bureau.replies())
        assert self.bureau.meter.phase in {MeterPhase.IDLE, MeterPhase.RUNNING}
        self.bureau.journal.close()
        self.directory.cleanup()


TestShift = pytest.mark.slow(Shift.TestCase)
TestShift.settings = settings(stateful_step_count=30)

# SPDX-License-Identifier: Apache-2.0
"""A clerk with a real journal, for meters that sign; and the channel to them."""

import msgspec

from deploy.demo.codec import Kind, decode
from ipc.commands import Answer, Failed, FailureKind
from publisher import messages
from publisher.clerk import Clerk, Limits
from publisher.journal import Journal
from publisher.messages import StopTransactionRequest
from publisher.notary import Notary
from publisher.ocmf import Source
from publisher.outbox import Note
from publisher.signing.desk import SelfSigning
from publisher.signing.entry import read
from publisher.signing.statements import ALL
from tests.fakes import FakeClock, sample_of
from tests.publisher.office import FakeKernel, request
from tests.publisher.signing.meters import FakeMeter, silent


class FakeChannel:
    """Both ends of it. What is asked waits until the test lets it be answered.

    is_down  whether there is a sampler at all
    """

    def __init__(self, meter):
        self.meter = meter
        self.is_down = False
        self.calls = []
        self.given = []
        self.commands = []

    def call(self, _meter, command, timeout_s):
        assert 0 < timeout_s <= 300
        self.commands.append(command)
        self.calls.append((len(self.commands), command))
        return len(self.commands)

    def answers(self):
        """Let the meter do what waits, and give its answers."""
        calls, self.calls = self.calls, []
        return [
            Answer(number=number, outcome=self.outcome(command))
            for number, command in calls
        ]

    def outcome(self, command):
        if self.is_down:
            return silent("no sampler listens")
        if self.meter is None:
            return silent("the meter does not answer")
        return self.meter.do(command)


class Bureau:
    """One process after the other on one journal; keeps what was said.

    way  a real channel to the meter, in place of the one in the test's hands
    """

    def __init__(self, path, *, way=None, **limits):
        self.path = path
        self.clock = FakeClock()
        self.kernel = FakeKernel()
        self.limits = Limits(**limits)
        self.meter = FakeMeter()
        self.channel = FakeChannel(self.meter)
        self.way = way or self.channel
        self.misses = 0
        self.posts = []
        self.notes = []
        self.begin()

    def begin(self):
        self.journal = Journal.open(self.path)
        self.channel.calls.clear()
        self.clerk = Clerk(
            [],
            notary=Notary(self.journal, key=None, gateway=Source()),
            limits=self.limits,
            clock=self.clock,
            kernel=self.kernel,
            signers=[SelfSigning(name="m", channel=self.way)],
        )
        self.hear(self.clerk.boot())

    def restart(self):
        """Kill the process, and begin another; what was with the meter stays there."""
        self.journal.close()
        self.begin()

    def hear(self, said):
        for line in said:
            if isinstance(line, Note):
                self.notes.append(line)
            else:
                stops = line.topic.startswith("stop")
                kind = Kind.REPLY_STOP if stops else Kind.REPLY_START
                payload = messages.encode(line.reply)
                decode(kind, payload)
                self.posts.append(line)

    def ask(self, content, caller):
        now_ns = self.clock.monotonic_ns()
        self.hear(self.clerk.ask("m", content, caller, now_ns))

    def start(self, name="t-1", caller="start c", **fields):
        self.ask(request(name, **fields), caller)

    def stop(self, name="t-1", caller="stop c"):
        self.ask(StopTransactionRequest(transaction_id=name), caller)

    def answered(self, steps=1):
        """Let the meter answer some verbs, one after the other."""
        for _ in range(steps):
            self.hear(self.clerk.heard(self.channel, self.channel.answers()))

    def settled(self):
        """Let the meter answer until it is asked nothing more."""
        for _ in range(100):
            if not self.channel.calls:
                return self
            self.answered()
        raise AssertionError("it goes on for ever")

    def until_asked(self, kind):
        """Let the meter answer until it is about to be asked this."""
        for _ in range(100):
            if self.channel.calls and isinstance(self.channel.calls[0][1], kind):
                return self
            assert self.channel.calls
            self.answered()
        raise AssertionError(f"never asked {kind}")

    def waits(self, seconds):
        self.clock.advance(seconds)
        self.hear(self.clerk.tick(self.clock.monotonic_ns()))
        return self

    def refuses_once(self, reason, kind=FailureKind.REFUSED):
        [(number, _)] = self.channel.calls
        self.channel.calls.clear()
        outcome = Failed(kind=kind, reason=reason)
        answer = Answer(number=number, outcome=outcome)
        self.hear(self.clerk.heard(self.channel, [answer]))

    def samples(self, *, missed=0):
        self.misses += missed
        now = {"mono_ns": self.clock.monotonic_ns(), "wall_ns": self.clock.wall_ns()}
        sample = msgspec.structs.replace(sample_of(**now), misses=self.misses)
        self.hear(self.clerk.sample("m", sample))
        return self

    def returns(self):
        """Have the meter answer again, after it did not for a while."""
        self.waits(11).samples().waits(1).samples(missed=6)
        return self.settled()

    def started(self, name="t-1"):
        """Begin a transaction, all being well."""
        self.settled()
        self.start(name, caller=f"start {name}")
        self.settled()
        assert self.told(f"start {name}") == {"status": "OK"}
        return self

    def told(self, caller):
        """Give what the caller was told, which was told once."""
        [reply] = [
            msgspec.json.decode(messages.encode(post.reply))
            for post in self.posts
            if post.topic == caller
        ]
        return reply

    def record(self, caller="stop c"):
        return self.told(caller)["signed_meter_value"]["signed_meter_data"]

    def error(self, caller="stop c"):
        told = self.told(caller)
        assert told["status"] == "UNEXPECTED_ERROR"
        return told["error"]

    def replies(self):
        return [post.topic for post in self.posts]

    def entries(self):
        with self.journal.reading() as connection:
            return {
                entry.transaction_id: entry
                for entry in map(read, connection.execute(ALL))
            }

    def deliver_all(self):
        for post in self.posts:
            if post.delivery is not None:
                self.hear(self.clerk.delivered(post.delivery))

    def events(self):
        return [note.event for note in self.notes]

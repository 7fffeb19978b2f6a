# SPDX-License-Identifier: Apache-2.0
"""A clerk with a real journal and a real key, and the little world around it."""

from functools import cache

import msgspec

from deploy.demo.codec import Kind, decode
from publisher import messages
from publisher.clerk import Clerk, Limits
from publisher.ecdsa import SigningKey
from publisher.journal import Journal
from publisher.messages import StopTransactionRequest
from publisher.notary import Notary, SignedMeter
from publisher.ocmf import Register, Source, Sync, Unit
from publisher.outbox import Note, Post
from publisher.reading import MeterIdentity
from publisher.record import Curve
from tests.fakes import FakeClock, sample_of
from tests.publisher.stories import start_request

GATEWAY = Source(gateway_id="everest-powermeter", gateway_serial="GW-1")


@cache
def key():
    return SigningKey.generate(Curve.SECP256R1)


def signed_meter(name="m", serial="S1"):
    return SignedMeter(
        name=name,
        identity=MeterIdentity(vendor="Eastron", model="SDM630", serial=serial),
        register=Register(unit=Unit.KWH, decimals=3),
    )


class FakeKernel:
    def __init__(self):
        self.boot_id = "boot-1"
        self.letter = Sync.SYNCHRONISED

    def sync(self):
        return self.letter


class Office:
    """One process after the other on one journal; keeps what was said."""

    def __init__(self, path, *, meters=("m",), add_key=True, **limits):
        self.path = path
        self.clock = FakeClock()
        self.kernel = FakeKernel()
        self.limits = Limits(**limits)
        self.meters = meters
        self.key = key()
        self.energy_mwh = 1_000_000
        self.posts = []
        self.notes = []
        if add_key:
            self.adopt_key()
        self.begin()

    def adopt_key(self):
        public = key().public
        with Journal.open(self.path) as journal:
            journal.add_key(public.fingerprint, public_key=public.hex)

    def begin(self):
        self.journal = Journal.open(self.path)
        self.clerk = Clerk(
            [signed_meter(name) for name in self.meters],
            notary=Notary(self.journal, key=self.key, gateway=GATEWAY),
            limits=self.limits,
            clock=self.clock,
            kernel=self.kernel,
        )
        self.hear(self.clerk.boot())

    def restart(self):
        self.journal.close()
        self.begin()

    def hear(self, said):
        for line in said:
            if isinstance(line, Note):
                self.notes.append(line)
            else:
                assert isinstance(line, Post)
                payload = messages.encode(line.reply)
                kind = Kind.REPLY_STOP if is_stop(line) else Kind.REPLY_START
                self.posts.append((line, decode(kind, payload)))

    def ask(self, content, caller="c", meter="m"):
        now_ns = self.clock.monotonic_ns()
        self.hear(self.clerk.ask(meter, content, caller, now_ns))

    def start(self, name="t-1", caller="start c", **fields):
        self.ask(request(name, **fields), caller)

    def stop(self, name="t-1", caller="stop c"):
        self.ask(StopTransactionRequest(transaction_id=name), caller)

    def reads(self, *, after_s=1.0, meter="m", **values):
        self.clock.advance(after_s)
        self.energy_mwh += 1000
        values = {"energy_import_mwh": self.energy_mwh, **values}
        sample = sample_of(
            mono_ns=self.clock.monotonic_ns(), wall_ns=self.clock.wall_ns(), **values
        )
        self.hear(self.clerk.sample(meter, sample))
        self.tick()

    def waits(self, seconds):
        self.clock.advance(seconds)
        self.tick()

    def tick(self):
        self.hear(self.clerk.tick(self.clock.monotonic_ns()))

    def told(self, caller):
        """Give what the caller was told, which was told once."""
        [reply] = [
            msgspec.json.decode(messages.encode(post.reply))
            for post, _ in self.posts
            if post.topic == caller
        ]
        return reply

    def replies(self):
        return [post.topic for post, _ in self.posts]

    def record(self, caller="stop c"):
        return self.told(caller)["signed_meter_value"]["signed_meter_data"]

    def deliver_all(self):
        for post, _ in self.posts:
            if post.delivery is not None:
                self.hear(self.clerk.delivered(post.delivery))

    def events(self):
        return [note.event for note in self.notes]


def is_stop(post):
    return post.topic.startswith("stop")


def request(name="t-1", **fields):
    return start_request(name, **{"identification_data": "1F2D3A4F", **fields})

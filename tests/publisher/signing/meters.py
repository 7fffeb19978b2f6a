# SPDX-License-Identifier: Apache-2.0
"""A meter that signs by itself, as the channel shows it: verbs in, outcomes out."""

from functools import cache

import msgspec

from ipc.commands import (
    BeginTransaction,
    ConfirmRecord,
    Done,
    EndTransaction,
    Failed,
    FailureKind,
    GetIdentity,
    GetTransactionState,
    IdentityTold,
    MeterPhase,
    ReadRecord,
    RecordTold,
    SetClock,
    StateTold,
)
from publisher import record
from publisher.ecdsa import SigningKey
from publisher.record import Curve


@cache
def key_of(_serial):
    return SigningKey.generate(Curve.SECP256R1)


class FakeMeter:
    """Does what the meters of the facts do; what it refuses it says.

    forgets     whether a power cut costs it all but its counter, and it ends what it
                forgot all the same (BSM-WS36A)
    tells_id    whether it knows whose transaction it holds (EM580), or not (WM3M4)
    made        every record it made, with the id of its transaction
    """

    def __init__(self, serial="W1", *, tells_id=True, forgets=False):
        self.serial = serial
        self.tells_id = tells_id
        self.key_told = True
        self.phase = MeterPhase.IDLE
        self.id = None
        self.record = None
        self.made = {}
        self.faults = ()
        self.is_clock_set = False
        self.signs_wrongly = False
        self.forgets = forgets
        self.signs_start = forgets
        self.reads_nothing = False
        self.asked = []

    def do(self, command):  # noqa: PLR0911 - one a verb
        self.asked.append(type(command).__name__)
        match command:
            case GetIdentity():
                return self.identity()
            case GetTransactionState():
                return self.state()
            case BeginTransaction(assignment=assignment):
                return self.begin(assignment.transaction_id)
            case EndTransaction(assignment=assignment):
                return self.stop(assignment.transaction_id)
            case ReadRecord():
                return self.read()
            case ConfirmRecord():
                self.forget()
                return Done()
            case SetClock():
                return self.set_clock()

    def identity(self):
        public = key_of(self.serial).public.hex
        return IdentityTold(
            vendor="Maker",
            model="M1",
            serial=self.serial,
            firmware="1",
            public_key=public if self.key_told else "",
        )

    def state(self):
        return StateTold(
            phase=self.phase,
            transaction_id=self.id if self.tells_id else None,
            is_clock_set=self.is_clock_set,
            faults=self.faults,
        )

    def begin(self, transaction_id):
        runs_it = self.phase is MeterPhase.RUNNING and self.id == transaction_id
        if self.phase is not MeterPhase.IDLE and not (runs_it and self.tells_id):
            return refused(f"it is {self.phase}")
        self.phase, self.id = MeterPhase.RUNNING, transaction_id
        return Done(start=self.start())

    def stop(self, transaction_id):
        if self.forgets and self.phase is MeterPhase.IDLE:
            self.id = transaction_id
        elif self.phase is not MeterPhase.RUNNING:
            return refused("it does not run")
        self.end()
        return Done()

    def set_clock(self):
        if self.phase is not MeterPhase.IDLE:
            return refused("not now")
        self.is_clock_set = True
        return Done()

    def end(self):
        """End, by a verb or because the power went."""
        self.phase = MeterPhase.ENDED
        self.record = self.sign(len(self.made) + 1, self.id)
        self.made[self.record] = self.id

    def sign(self, number, name):
        text = f"0,50 EUR<=>{name}" if self.tells_id else "0,50 EUR"
        payload = msgspec.json.encode(
            {"PG": f"T{number}", "MS": self.serial, "TT": text}
        ).decode()
        if self.signs_wrongly:
            return record.sign(payload, key_of("another"))
        return record.sign(payload, key_of(self.serial))

    def read(self):
        if self.phase not in {MeterPhase.ENDED, MeterPhase.FAILED}:
            return refused("there is no record")
        if self.reads_nothing:
            return refused("its length is 0")
        return RecordTold(record=self.record, start=self.start())

    def start(self):
        return self.sign(0, self.id) if self.signs_start else None

    def spoil(self):
        """Lose the record that waits."""
        self.phase = MeterPhase.FAILED
        self.reads_nothing = True

    def forget(self):
        if self.phase in {MeterPhase.ENDED, MeterPhase.FAILED}:
            self.phase, self.id, self.record = MeterPhase.IDLE, None, None
            self.reads_nothing = False

    def lose_power(self):
        """Come back as an EM580 does: what ran has ended, and the clock is not set."""
        self.is_clock_set = False
        if self.forgets:
            self.phase, self.id, self.record = MeterPhase.IDLE, None, None
            self.reads_nothing = False
        elif self.phase is MeterPhase.RUNNING:
            self.end()


def refused(reason):
    return Failed(kind=FailureKind.REFUSED, reason=reason)


def silent(reason="no answer"):
    return Failed(kind=FailureKind.SILENT, reason=reason)


def busy():
    return Failed(kind=FailureKind.BUSY, reason="at work")

# SPDX-License-Identifier: Apache-2.0
"""The stage of the core's model: a disk, and what becomes of events and effects."""

from msgspec.structs import replace

from ipc.commands import ConfirmRecord
from publisher.events import (
    Abandoned,
    Answer,
    Begun,
    Cleared,
    HandedOver,
    Ignored,
    Recall,
    Refused,
    StartAsked,
    StopAllAsked,
    StopAsked,
)
from publisher.reading import Kept
from publisher.signing import owner
from publisher.signing.commands import command, time_of
from publisher.signing.events import (
    Found,
    NotAbandoned,
    Order,
    Pause,
    PersistAbandon,
    PersistBegun,
    PersistConfirmed,
    PersistIntent,
    PersistLoss,
    PersistRecord,
    Stored,
    Told,
    Written,
)
from publisher.signing.machine import TRANSITIONS, handle
from publisher.signing.standing import Lost
from publisher.signing.state import Phase

TIME = time_of(0, 0, is_synchronised=True)


class Disk:
    """The journal as a dictionary; it refuses what the tables' checks refuse."""

    def __init__(self):
        self.open = None
        self.past = {}
        self.unconfirmed = set()

    def write(self, effect):
        ask = effect.ask
        match effect:
            case Recall(transaction_id=name):
                return Found(ask=ask, past=self.past.get(name))
            case PersistIntent(open=open_):
                assert self.open is None, "two are open"
                assert open_.transaction_id not in self.past
                self.open = open_
            case PersistBegun(open=open_):
                assert self.open.transaction_id == open_.transaction_id
                self.open = replace(self.open, is_begun=True, start=open_.start)
            case PersistAbandon() if self.open is None:
                return NotAbandoned(ask=ask, reason="its intent was not written")
            case PersistAbandon(open=open_):
                assert self.open.transaction_id == open_.transaction_id
                self.open = replace(self.open, is_dangling=True)
                return Abandoned(ask=ask)
            case PersistLoss(open=open_, reason=reason):
                assert self.open.transaction_id == open_.transaction_id
                name = open_.transaction_id
                if open_.is_begun:
                    self.past[name] = Lost(transaction_id=name, reason=reason)
                self.open = None
            case PersistRecord():
                return Stored(ask=ask, kept=self.keep(effect))
            case PersistConfirmed(signer=signer):
                self.unconfirmed -= {
                    (serial, text)
                    for serial, text in self.unconfirmed
                    if serial == signer.serial
                }
        return Written(ask=ask)

    def keep(self, effect):
        text = effect.told.record
        for past in self.past.values():
            if isinstance(past, Kept) and past.record == text:
                return past
        name = owner.transaction_id(text)
        name = name or (effect.open and effect.open.transaction_id)
        name = name or effect.transaction_id or owner.nobody(text)
        if isinstance(self.past.get(name), Kept):
            name = owner.nobody(text)
        kept = Kept(
            transaction_id=name, record=text, start=None, public_key="", complaint=""
        )
        self.past[name] = kept
        self.unconfirmed.add((effect.signer.serial, text))
        if self.open is not None and self.open.transaction_id == name:
            self.open = None
        return kept

    def records(self):
        return {p.record: p for p in self.past.values() if isinstance(p, Kept)}


class Play:
    """Feeds the core, and checks every answer against the disk as it is then."""

    def caller(self):
        self.callers += 1
        return f"caller-{self.callers}"

    def timed(self):
        return [a for a in self.waiting.values() if not isinstance(a, StopAllAsked)]

    def ask(self, event):
        self.waiting[event.caller] = event
        self.feed(event)

    def obey(self):
        said = command(self.order, TIME)
        if isinstance(said, ConfirmRecord):
            text = self.meter.record
            safe = {None, *self.disk.records(), *self.given_up}
            assert text in safe, "it may not forget this one"
        return self.meter.do(said)

    def told(self, outcome):
        order, self.order = self.order, None
        self.feed(Told(ask=order.ask, outcome=outcome))

    def feed(self, event):
        phase = self.state.phase
        self.history.append(event)
        self.state, effects = handle(self.state, event)
        if phase is not self.state.phase:
            to = TRANSITIONS[phase][type(event)].to
            if Phase.SETTLING in to:
                [crossing] = TRANSITIONS[Phase.SETTLING].values()
                to += crossing.to
            assert self.state.phase in to
        self.log(effects)

    def log(self, effects):
        for effect in effects:
            match effect:
                case Answer(caller=caller, outcome=outcome):
                    self.check(self.waiting.pop(caller), outcome)
                case Order():
                    assert self.order is None, "two verbs at a time"
                    self.order, self.pause = effect, None
                case Pause():
                    assert self.order is None
                    self.pause = effect
                case Ignored():
                    pass
                case _:
                    self.writes.append(effect)

    def check(self, asked, outcome):
        """Every answer is true of what is on the disk at that moment."""
        match asked, outcome:
            case StartAsked(request=request), Refused() if not self.runs(request):
                self.refused.append(request)
            case StartAsked(request=request), Begun(start=start):
                self.refused = [other for other in self.refused if other != request]
                assert self.disk.open.start == start
                assert self.disk.open.request == request
                assert self.disk.open.is_begun
                assert not self.disk.open.is_dangling
            case StopAsked(transaction_id=name), HandedOver(kept=kept):
                assert kept.transaction_id == name
                assert self.disk.past[name] == kept
            case StopAllAsked(), Cleared():
                assert self.disk.open is None or self.disk.open.is_dangling
            case _, Refused(reason=reason):
                assert reason
            case _:
                raise AssertionError((asked, outcome))

    def runs(self, request):
        """Whether this is open and has begun, whoever is refused what."""
        open_ = self.disk.open
        return open_ is not None and open_.is_begun and open_.request == request

# SPDX-License-Identifier: Apache-2.0
"""The clerk: all transactions of all meters, driven by the loop.

The loop hands in requests, samples and the time, and publishes and logs what it is
given back. A journal that cannot be read at boot is tried again; until then nobody
knows what is open, so every request is refused.
"""

from collections.abc import Sequence

import msgspec

from ipc.clock import Clock
from ipc.commands import Answer
from ipc.sample import Sample
from ipc.units import NS_PER_S
from publisher import requests
from publisher.desk import Desk, Kernel
from publisher.errors import JournalError
from publisher.events import asked
from publisher.journal import Journal
from publisher.journalstate import JournalState
from publisher.messages import Reply, Status
from publisher.notary import Notary, SignedMeter
from publisher.outbox import Delivery, Note, Post, Said
from publisher.requests import LONGEST_REASON, Content, Unreadable
from publisher.schedule import Periodic
from publisher.signing.desk import Channel, MeterDesk, SelfSigning
from publisher.signing.ledger import Ledger

NS_PER_DAY = 86_400 * NS_PER_S


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long things take at most.

    reply_s       a request is answered by then; well below EVerest's own timeout
    probe_s       between two tries of a journal that is not good
    keep_days     a record that was delivered is kept this long; None: for ever
    prune_s       between two looks for those that are older
    """

    reply_s: float = 30.0
    probe_s: float = 5.0
    keep_days: int | None = None
    prune_s: float = 3600.0


class Clerk:
    """Serves the meters whose transactions the gateway signs, or they themselves.

    meters   the former
    signers  the latter, each with the way to it
    For any other meter it answers that it does not sign, and is always ready.
    """

    def __init__(
        self,
        meters: Sequence[SignedMeter],
        *,
        notary: Notary,
        limits: Limits,
        clock: Clock,
        kernel: Kernel,
        signers: Sequence[SelfSigning] = (),
    ) -> None:
        self._meters = {meter.name: meter for meter in meters}
        self._signers = {meter.name: meter for meter in signers}
        self._ledger = Ledger(notary.journal)
        self._notary = notary
        self._limits = limits
        self._clock = clock
        self._kernel = kernel
        self._desks: dict[str, Desk | MeterDesk] = {}
        self._was_good = False
        now_ns = clock.monotonic_ns()
        self._probe = Periodic(first_ns=now_ns, period_s=limits.probe_s)
        self._prune = Periodic(first_ns=now_ns, period_s=limits.prune_s)

    def boot(self) -> list[Said]:
        """Take up what the journal holds open; once, before all else."""
        self._probe.take(self._clock.monotonic_ns())
        return self._look()

    @property
    def due_ns(self) -> int | None:
        """When tick() has something to do; None: when something else happens."""
        due = [desk.due_ns for desk in self._desks.values()]
        if not self._is_good:
            due.append(self._probe.due_ns)
        if self._limits.keep_days is not None:
            due.append(self._prune.due_ns)
        return min((each for each in due if each is not None), default=None)

    def ask(
        self, meter: str, request: Content, reply_to: str | None, now_ns: int
    ) -> list[Said]:
        """Take a request; its answer is among what this or a later call gives back."""
        if meter not in self._known or isinstance(request, Unreadable):
            return _post(reply_to, requests.answer(request, meter=meter))
        desk = self._desks.get(meter)
        if desk is None:
            reason = self._journal.reason or "the journal is being read; ask again"
            return self._refuse(meter, reply_to, reason)
        deadline_ns = now_ns + round(self._limits.reply_s * NS_PER_S)
        return desk.ask(asked(request, reply_to, now_ns, deadline_ns))

    def sample(self, meter: str, sample: Sample) -> list[Said]:
        """Take a good and fresh sample of a meter."""
        desk = self._desks.get(meter)
        return [] if desk is None else desk.sample(sample)

    def heard(self, channel: Channel, answers: Sequence[Answer]) -> list[Said]:
        """Take what a channel's service() has given."""
        return [
            line
            for name, signer in self._signers.items()
            if signer.channel is channel
            and isinstance(desk := self._desks.get(name), MeterDesk)
            for answer in answers
            for line in desk.heard(answer)
        ]

    @property
    def public_keys(self) -> dict[str, str]:
        """The keys of the meters that sign by themselves and have told theirs."""
        return {
            name: desk.public_key
            for name, desk in self._desks.items()
            if isinstance(desk, MeterDesk) and desk.public_key is not None
        }

    def tick(self, now_ns: int) -> list[Said]:
        """Do what is due: deadlines, a journal that is not good, retention."""
        said = [line for desk in self._desks.values() for line in desk.expire(now_ns)]
        if not self._is_good and self._probe.take(now_ns):
            self._journal.probe()
            said += self._look()
        if self._limits.keep_days is not None and self._prune.take(now_ns):
            said += self._remove_old(self._limits.keep_days)
        return said

    def delivered(self, delivery: Delivery) -> list[Said]:
        """Write down that the broker has a record.

        If it cannot be written the record is kept for longer, which harms nobody.
        """
        meter, name = delivery.meter, delivery.transaction_id
        book = self._ledger if meter in self._signers else self._journal
        try:
            book.delivered(meter, name, wall_ns=self._clock.wall_ns())
        except JournalError as error:
            return [_warning("delivery_unwritten", str(error), meter)]
        return []

    def is_ready(self, meter: str) -> str:
        """Say why this meter's transactions cannot be signed now; empty if they can."""
        if meter not in self._known:
            return ""
        desk = self._desks.get(meter)
        if desk is None:
            return self._journal.reason or "the journal is being read"
        if isinstance(desk, MeterDesk):
            return self._journal.reason or desk.reason
        return self._notary.reason

    @property
    def _journal(self) -> Journal:
        return self._notary.journal

    @property
    def _known(self) -> set[str]:
        return {*self._meters, *self._signers}

    @property
    def _is_good(self) -> bool:
        """Whether the journal is, and this is known to everyone."""
        return self._was_good and self._journal.state is JournalState.GOOD

    def _look(self) -> list[Said]:
        """Take up what the journal holds, or go on with it if it can be read."""
        try:
            said = self._agree() if self._desks else self._take_up()
        except JournalError as error:
            self._was_good = False
            return [_warning("journal_unreadable", str(error))]
        self._was_good = self._journal.state is JournalState.GOOD
        if not self._was_good:
            return [*said, _warning("journal_unwritable", self._journal.reason)]
        return [*said, Note(event="journal_good"), *self._adopt()]

    def _adopt(self) -> list[Said]:
        """Let the key sign in a new journal, and say so: a lost one looks the same."""
        try:
            fingerprint = self._notary.adopt()
        except JournalError as error:
            return [_warning("journal_unwritable", str(error))]
        if fingerprint is None:
            return []
        detail = f"the journal is new: key {fingerprint} signs from T1 on"
        return [_warning("key_adopted", detail)]

    def _agree(self) -> list[Said]:
        said: list[Said] = []
        held = self._journal.open_transactions()
        for name, desk in self._desks.items():
            if isinstance(desk, MeterDesk):
                said += desk.agree()
            else:
                said += desk.agree(held.get(name))
        return said

    def _take_up(self) -> list[Said]:
        held = self._journal.open_transactions()
        held_there = self._ledger.open_transactions()
        clock, kernel = self._clock, self._kernel
        desks: dict[str, Desk | MeterDesk] = {}
        said: list[Said] = []
        for name, signer in self._signers.items():
            own = MeterDesk(signer, ledger=self._ledger, clock=clock, kernel=kernel)
            said += own.take_up()
            desks[name] = own
        for name, meter in self._meters.items():
            open_, notary = held.get(name), self._notary
            desks[name] = Desk(
                meter, open_=open_, notary=notary, clock=clock, kernel=kernel
            )
        self._desks = desks
        detail = "a transaction is open, but the meter is not configured to sign so"
        strangers = held.keys() - self._meters.keys() | (
            held_there.keys() - self._signers.keys()
        )
        said += [
            _warning("transaction_orphaned", detail, name) for name in sorted(strangers)
        ]
        return said

    def _remove_old(self, keep_days: int) -> list[Said]:
        before_ns = self._clock.wall_ns() - keep_days * NS_PER_DAY
        sync = self._kernel.sync()
        try:
            count = self._journal.prune(before_ns=before_ns, sync=sync)
            count += self._ledger.prune(before_ns=before_ns, sync=sync)
        except JournalError as error:
            return [_warning("records_kept", str(error))]
        return [Note(event="records_removed", detail=str(count))] if count else []

    def _refuse(self, meter: str, reply_to: str | None, reason: str) -> list[Said]:
        reply = Reply(status=Status.UNEXPECTED_ERROR, error=reason[:LONGEST_REASON])
        note = Note(event="request_refused", meter=meter, detail=reason)
        return [note, *_post(reply_to, reply)]


def _post(reply_to: str | None, reply: Reply) -> list[Said]:
    return [] if reply_to is None else [Post(topic=reply_to, reply=reply)]


def _warning(event: str, detail: str, meter: str | None = None) -> Note:
    return Note(event=event, meter=meter, detail=detail, is_warning=True)

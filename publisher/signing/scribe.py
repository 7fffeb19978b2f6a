# SPDX-License-Identifier: Apache-2.0
"""What one meter's core wants written, written; and each record verified on the way.

A record that does not verify is kept and handed over as it is all the same: it is the
only one there is, and who bills with it will look at it too.
"""

from typing import assert_never

from ipc.clock import Clock
from publisher.desk import Kernel
from publisher.errors import PublisherError
from publisher.events import Abandoned, JournalFailed, Recall
from publisher.outbox import Note, Said
from publisher.reading import Kept
from publisher.signing import owner
from publisher.signing.events import (
    Event,
    Found,
    NotAbandoned,
    PersistAbandon,
    PersistBegun,
    PersistConfirmed,
    PersistIntent,
    PersistLoss,
    PersistRecord,
    Stored,
    Write,
    Written,
)
from publisher.signing.ledger import Ledger
from publisher.signing.standing import Open


class Scribe:
    """Writes for one meter.

    complaint  why the newest record does not verify; empty if it does
    """

    def __init__(
        self, meter: str, *, ledger: Ledger, clock: Clock, kernel: Kernel
    ) -> None:
        self.complaint = ""
        self._meter = meter
        self._ledger = ledger
        self._clock = clock
        self._kernel = kernel

    def held(self) -> tuple[Open | None, bool]:
        """Give what the journal holds open, and whether a record is unconfirmed.

        JournalError: it cannot be read.
        """
        open_ = self._ledger.open_transactions().get(self._meter)
        return open_, self._ledger.is_unconfirmed(self._meter)

    def write(self, effect: Write) -> tuple[Event, list[Said]]:
        """Do it; give what the core is to be told, and lines for the log."""
        try:
            return self._written(effect)
        except PublisherError as error:
            note = self._note("journal_refused", str(error), is_warning=True)
            if isinstance(effect, PersistAbandon):
                return NotAbandoned(ask=effect.ask, reason=str(error)), [note]
            return JournalFailed(ask=effect.ask, reason=str(error)), [note]

    def _written(  # noqa: PLR0911 - one a fact
        self, effect: Write
    ) -> tuple[Event, list[Said]]:
        meter, ask, ledger = self._meter, effect.ask, self._ledger
        wall_ns = self._clock.wall_ns()
        match effect:
            case Recall(transaction_id=name):
                return Found(ask=ask, past=ledger.find(meter, name)), []
            case PersistIntent(open=open_):
                ledger.intend(meter, open_, wall_ns=wall_ns)
                return Written(ask=ask), []
            case PersistBegun(open=open_):
                ledger.begun(meter, open_, wall_ns=wall_ns)
                return Written(ask=ask), [self._note("transaction_begun")]
            case PersistAbandon(open=open_):
                ledger.abandon(meter, open_.transaction_id)
                return Abandoned(ask=ask), [self._note("transaction_abandoned")]
            case PersistRecord():
                kept, notes = self._keep(effect, wall_ns)
                return Stored(ask=ask, kept=kept), notes
            case PersistLoss(open=open_, reason=reason):
                return Written(ask=ask), self._lose(open_, reason, wall_ns)
            case PersistConfirmed(signer=signer):
                ledger.confirmed(meter, signer, wall_ns=wall_ns)
                return Written(ask=ask), []
        assert_never(effect)

    def _keep(self, effect: PersistRecord, wall_ns: int) -> tuple[Kept, list[Said]]:
        told, open_, key = effect.told, effect.open, effect.signer.public_key
        name = owner.transaction_id(told.record)
        if name is None:
            asked = None if open_ is None else open_.transaction_id
            name = asked or effect.transaction_id or owner.nobody(told.record)
        is_ours = open_ is not None and open_.transaction_id == name
        start = (open_.start if open_ is not None and is_ours else None) or told.start
        kept = self._ledger.keep(
            self._meter,
            Kept(
                transaction_id=name,
                record=told.record,
                start=start,
                public_key=key,
                complaint=owner.complaint(told.record, start, key),
            ),
            effect.signer,
            wall_ns=wall_ns,
            sync=self._kernel.sync(),
        )
        self.complaint = ""
        if kept.complaint:
            self.complaint = f"its last record does not verify: {kept.complaint}"
        return kept, self._told_of(kept, is_ours=is_ours)

    def _told_of(self, kept: Kept, *, is_ours: bool) -> list[Said]:
        event = "transaction_ended" if is_ours else "record_found"
        notes: list[Said] = [self._note(event)]
        if kept.complaint:
            notes.append(
                self._note("record_unverified", kept.complaint, is_warning=True)
            )
        return notes

    def _lose(self, open_: Open, reason: str, wall_ns: int) -> list[Said]:
        self._ledger.lose(
            self._meter, open_, reason, wall_ns=wall_ns, sync=self._kernel.sync()
        )
        if not open_.is_begun:
            return [self._note("transaction_unbegun", reason)]
        return [self._note("transaction_lost", reason, is_warning=True)]

    def _note(self, event: str, detail: str = "", *, is_warning: bool = False) -> Note:
        return Note(
            event=event, meter=self._meter, detail=detail, is_warning=is_warning
        )

# SPDX-License-Identifier: Apache-2.0
"""Bauer BSM-WS36A: it signs a snapshot at the start and one at the end.

Both snapshots stand on the meter as finished OCMF, until they are made anew or its
power is lost. The transaction's id is one of the texts it signs (Meta2, in OCMF X2): each
snapshot says whose it is, and the text emptied says that the record was confirmed.
"""

from collections.abc import Generator
from typing import Final

from ipc.commands import (
    Assignment,
    ClockTime,
    Done,
    IdentityTold,
    MeterPhase,
    RecordTold,
    StateTold,
)
from sampler import procedure
from sampler.operation import Heard, Operation
from sampler.procedure import Procedure, refused
from sampler.registermap import MeterHeader
from sampler.signing.bsm_clock import BsmClock
from sampler.signing.record import trimmed
from sampler.signing.table import BauerTable, SnapshotTable, Span
from sampler.signing.text import checked, padded, shown, text_of
from sampler.signing.verbs import Steps
from sampler.signing.words import words

HOLDING: Final = 3
VALID: Final = 0
LARGEST_READ: Final = 125

TRIES: Final = 3
"""So often a snapshot is made that fails: the maker advises to make it anew."""


class Bsm:
    """Its verbs; each gives a sequence of operations."""

    def __init__(self, table: BauerTable, header: MeterHeader) -> None:
        self._table = table
        self._header = header
        self._clock = BsmClock(table)

    def identity(self) -> Procedure:
        serial = yield from self._text(self._table.serial)
        firmware = yield from self._text(self._table.firmware)
        size = yield from self._number(self._table.key_bytes)
        span = self._table.public_key
        if size > 2 * span.words:
            raise refused(f"the meter says that its public key has {size} bytes")
        key = yield from procedure.read(HOLDING, span.address, span.words)
        return IdentityTold(
            vendor=self._header.vendor,
            model=self._header.model,
            serial=serial,
            firmware=firmware,
            public_key=key[:size].hex().upper(),
        )

    def state(self) -> Procedure:
        events = yield from self._number(self._table.events, 2)
        transaction_id = yield from self._text(self._table.transaction)
        epoch = yield from self._clock.epoch()
        named = self._table.event_faults.items()
        return StateTold(
            phase=(yield from self._phase(transaction_id)),
            transaction_id=transaction_id or None,
            is_clock_set=epoch is not None,
            faults=tuple(text for bit, text in named if events >> int(bit) & 1),
        )

    def begin(self, assignment: Assignment, time: ClockTime) -> Procedure:
        texts = self._texts(assignment)  # before anything: it may be unfit
        running = yield from self._text(self._table.transaction)
        phase = yield from self._phase(running)
        if phase is MeterPhase.RUNNING and running == assignment.transaction_id:
            if start := (yield from self._record_of(self._table.start, running)):
                return Done(start=start)  # it was done, and only the answer was lost
            phase = MeterPhase.IDLE  # its begin was cut short: now it is made whole
        if phase is not MeterPhase.IDLE:
            raise refused(
                f"the meter still holds transaction {running!r} ({phase.value}):"
                " end it, read its record and confirm it"
            )
        yield from self._clock.update(time)
        trouble = ""
        for _ in range(TRIES):
            yield from self._assign(texts)
            trouble = yield from self._make(
                self._table.start, assignment.transaction_id
            )
            start = yield from self._record_of(
                self._table.start, assignment.transaction_id
            )
            if start and not trouble:
                return Done(start=start)
        yield from self._write_text(self._table.transaction, b"")
        raise refused(f"the meter made no snapshot of the begin: {trouble}")

    def end(self, assignment: Assignment, time: ClockTime) -> Procedure:
        trouble = ""
        for _ in range(TRIES):
            held = yield from self._text(self._table.transaction)
            if held:
                if (yield from self._phase(held)) is MeterPhase.ENDED:
                    return Done()
            elif assignment.transaction_id:  # it forgot the texts with its power
                yield from self._assign(self._texts(assignment))
            else:
                raise refused("the meter holds no transaction: there is nothing to end")
            yield from self._clock.update(time)
            trouble = yield from self._make(
                self._table.end, held or assignment.transaction_id
            )
            if not trouble:
                return Done()
        raise refused(f"the meter made no snapshot of the end: {trouble}")

    def record(self) -> Procedure:
        table = self._table
        transaction_id = yield from self._text(table.transaction)
        if (yield from self._phase(transaction_id)) is not MeterPhase.ENDED:
            raise refused("the meter has no record to read")
        start = yield from self._record_of(table.start, transaction_id)
        record = yield from self._record_of(table.end, transaction_id)
        if record is None:
            raise refused("the meter lost the record while it was read: end it again")
        return RecordTold(record=record, start=start)

    def confirm(self) -> Procedure:
        held = yield from self._text(self._table.transaction)
        if held and (yield from self._phase(held)) is MeterPhase.RUNNING:
            raise refused("a transaction runs: there is no record to confirm")
        yield from self._write_text(self._table.transaction, b"")
        return Done()

    def set_clock(self, time: ClockTime) -> Procedure:
        held = yield from self._text(self._table.transaction)
        if held and (yield from self._phase(held)) is MeterPhase.RUNNING:
            raise refused("a transaction runs: its clock must not be set meanwhile")
        if not time.is_synchronised:
            raise refused(
                "the charger's own clock is not synchronised, and the meter would sign"
                " the time as if it were: synchronise the charger (NTP)"
            )
        yield from self._clock.update(time)
        return Done()

    def _phase(self, transaction_id: str) -> Generator[Operation, Heard, MeterPhase]:
        """Tell from both snapshots where the transaction of this id stands."""
        table = self._table
        if not transaction_id:
            return MeterPhase.IDLE
        end = yield from self._page_of(table.end, transaction_id)
        start = yield from self._page_of(table.start, transaction_id)
        if end <= start or not end:
            return MeterPhase.RUNNING
        return MeterPhase.ENDED

    def _page_of(
        self, snapshot: SnapshotTable, transaction_id: str
    ) -> Generator[Operation, Heard, int]:
        """Give the page of a snapshot of this transaction; 0: there is none.

        It grows with each signature of the meter.
        """
        if (yield from self._number(snapshot.status)) != VALID:
            return 0
        if (yield from self._text(snapshot.transaction)) != transaction_id:
            return 0
        return (yield from self._number(snapshot.page, 2))

    def _make(
        self, snapshot: SnapshotTable, transaction_id: str
    ) -> Generator[Operation, Heard, str]:
        """Make a snapshot; give what went wrong, if anything did.

        One that is made twice only counts from the second. A power failure meanwhile
        leaves none, or one that is not of this transaction.
        """
        yield from procedure.write(snapshot.status, words(self._table.updating))
        status = yield from procedure.await_number(
            HOLDING,
            snapshot.status,
            lambda status: status != self._table.updating,
            limit_s=self._table.snapshot_s,
        )
        if status != VALID:
            return (
                f"status {status}, {self._table.statuses.get(str(status), 'unknown')}"
            )
        if not (yield from self._page_of(snapshot, transaction_id)):
            return "it is not of this transaction"
        return ""

    def _record_of(
        self, snapshot: SnapshotTable, transaction_id: str
    ) -> Generator[Operation, Heard, str | None]:
        """Read the record of a snapshot of this transaction; None: there is none.

        It is looked at before and behind: a power failure in between empties it.
        """
        page = yield from self._page_of(snapshot, transaction_id)
        if not page:
            return None
        text = snapshot.text
        registers = yield from procedure.read_long(
            HOLDING, text.address, text.words, largest=LARGEST_READ
        )
        if (yield from self._page_of(snapshot, transaction_id)) != page:
            return None
        return shown(trimmed(registers))

    def _texts(self, assignment: Assignment) -> tuple[bytes, bytes, bytes]:
        table = self._table
        return (
            checked(assignment.data, 2 * table.id.words, "identification_data"),
            checked(
                assignment.transaction_id, 2 * table.transaction.words, "transaction_id"
            ),
            checked(assignment.evse_id, 2 * table.place.words, "evse_id"),
        )

    def _assign(self, texts: tuple[bytes, bytes, bytes]) -> Steps:
        """Write the texts; the transaction's id last: it says that the others stand."""
        data, transaction_id, place = texts
        yield from self._write_text(self._table.id, data)
        yield from self._write_text(self._table.place, place)
        yield from self._write_text(self._table.transaction, transaction_id)

    def _text(self, span: Span) -> Generator[Operation, Heard, str]:
        return text_of((yield from procedure.read(HOLDING, span.address, span.words)))

    def _write_text(self, span: Span, characters: bytes) -> Steps:
        """Write a text as a whole, as the meter wants it."""
        return procedure.write(span.address, padded(characters, span.words))

    def _number(self, address: int, count: int = 1) -> Generator[Operation, Heard, int]:
        return procedure.read_number(HOLDING, address, count)

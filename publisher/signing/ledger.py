# SPDX-License-Identifier: Apache-2.0
"""The journal's part for meters that sign by themselves: one method a fact.

Every method that writes is one SQL transaction. JournalError from any of them:
nothing was written, or nothing could be read.
"""

from publisher.entry import written
from publisher.errors import JournalError
from publisher.journal import Journal
from publisher.ocmf import Sync
from publisher.reading import Kept
from publisher.schema import Connection
from publisher.signing import entry, owner
from publisher.signing import statements as sql
from publisher.signing.standing import Lost, Open, Signer


class Ledger:
    """Writes into the journal it is given."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def open_transactions(self) -> dict[str, Open]:
        """Give what is open, by meter."""
        with self.journal.reading() as connection:
            entries = [entry.read(row) for row in connection.execute(sql.ALL_OPEN)]
        return {found.meter: found.open for found in entries if found.open is not None}

    def is_unconfirmed(self, meter: str) -> bool:
        """Whether a record is kept that the meter may still hold, for all we know."""
        with self.journal.reading() as connection:
            (count,) = connection.execute(sql.UNCONFIRMED, (meter,)).fetchone()
        return bool(count)

    def find(self, meter: str, transaction_id: str) -> Kept | Lost | None:
        """Look one up that is over."""
        with self.journal.reading() as connection:
            row = connection.execute(sql.BY_ID, (meter, transaction_id)).fetchone()
            return None if row is None else entry.read(row).past

    def intend(self, meter: str, open_: Open, *, wall_ns: int) -> None:
        """Write that the meter will be told to begin."""
        request, signer = written(open_.request), written(open_.signer)
        values = (meter, open_.transaction_id, request, signer, wall_ns)
        with self.journal.writing() as connection:
            connection.execute(sql.INTEND, values)

    def begun(self, meter: str, open_: Open, *, wall_ns: int) -> None:
        """Write that the meter said that it runs, and what it signed for that."""
        values = (wall_ns, open_.start, meter, open_.transaction_id)
        with self.journal.writing() as connection:
            _one(connection, sql.BEGIN, *values)

    def abandon(self, meter: str, transaction_id: str) -> None:
        """Write that it is only to be ended."""
        with self.journal.writing() as connection:
            _one(connection, sql.ABANDON, meter, transaction_id)

    def keep(
        self, meter: str, kept: Kept, signer: Signer, *, wall_ns: int, sync: Sync
    ) -> Kept:
        """Write a record, whosever it is; give it as it is kept.

        One that is there already, byte for byte, stays as it is. One of a transaction
        that was given up for lost is its record after all. One whose id has another
        record already gets a name of its own: no record is ever written over.
        """
        digest = owner.digest(kept.record)
        content = (wall_ns, sync, kept.start, kept.record, digest, kept.complaint)
        with self.journal.writing() as connection:
            row = connection.execute(sql.BY_DIGEST, (meter, digest)).fetchone()
            if row is None:
                name = (meter, kept.transaction_id)
                if connection.execute(sql.KEEP, (*content, *name)).rowcount == 0:
                    if connection.execute(sql.IS_TAKEN, name).fetchone() != (0,):
                        name = (meter, owner.nobody(kept.record))
                    values = (*content, *name, written(signer))
                    connection.execute(sql.KEEP_FOUND, values)
        with self.journal.reading() as connection:
            row = connection.execute(sql.BY_DIGEST, (meter, digest)).fetchone()
            past = None if row is None else entry.read(row).past
        if not isinstance(past, Kept):
            raise JournalError(f"meter {meter!r}: its record was written, and is not")
        return past

    def lose(
        self, meter: str, open_: Open, reason: str, *, wall_ns: int, sync: Sync
    ) -> None:
        """Write that it is over without a record; forget one that never began."""
        name = (meter, open_.transaction_id)
        with self.journal.writing() as connection:
            if not open_.is_begun:
                _one(connection, sql.FORGET, *name)
            else:
                _one(connection, sql.LOSE, wall_ns, sync, reason, *name)

    def confirmed(self, meter: str, signer: Signer, *, wall_ns: int) -> None:
        """Write that this very meter has let go of whatever record we have of it."""
        values = (wall_ns, meter, signer.serial, signer.public_key)
        with self.journal.writing() as connection:
            connection.execute(sql.CONFIRM, values)

    def delivered(self, meter: str, transaction_id: str, *, wall_ns: int) -> None:
        """Write that the record was handed over; the first time is kept."""
        with self.journal.writing() as connection:
            _one(connection, sql.DELIVER, wall_ns, meter, transaction_id)

    def prune(self, *, before_ns: int, sync: Sync) -> int:
        """Remove what is over since before then, and what nobody waits for.

        Never a record that was not delivered, or that the meter may still hold, nor
        a meter's newest: by it, the meter's showing it again is recognised. And
        nothing by a clock that may be wrong, neither now (sync) nor then.
        """
        if sync is not Sync.SYNCHRONISED:
            return 0
        with self.journal.writing() as connection:
            return connection.execute(sql.PRUNE, (before_ns, sync)).rowcount


def _one(connection: Connection, statement: str, *values: str | int | None) -> None:
    if connection.execute(statement, values).rowcount != 1:
        raise JournalError("the transaction is not so in the journal: nothing written")

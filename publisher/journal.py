# SPDX-License-Identifier: Apache-2.0
"""The journal: what has to survive anything.

Every method that writes is one SQL transaction, done wholly or not at all, and on the
disk when it returns.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import msgspec

from publisher import schema
from publisher import statements as sql
from publisher.contents import AnyEntry, every
from publisher.database import Database, connect
from publisher.ending import Ending
from publisher.entry import finished, read, written
from publisher.errors import CounterError, JournalError
from publisher.journalstate import JournalState
from publisher.ocmf import Sync
from publisher.ownfile import OwnFile
from publisher.reading import Finished, Open
from publisher.witness import Witness


class Journal(Database):
    """What is written and looked up. Use open()."""

    def __init__(self, file: OwnFile) -> None:
        super().__init__(file)
        self._witness = Witness(file.path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Own the journal at the path, make or migrate it.

        JournalBusyError: another process owns it. JournalError: no directory, or one
        in which anyone could replace the file. All else is a state.
        """
        return cls(OwnFile.claim(path))

    def open_transactions(self) -> dict[str, Open]:
        """Give what is open, by meter. JournalError: it cannot be read."""
        with self.reading() as connection:
            entries = [read(row) for row in connection.execute(sql.ALL_OPEN)]
        return {entry.meter: entry.open for entry in entries}

    def recall(self, meter: str, transaction_id: str) -> Finished | None:
        """Look a finished transaction up. JournalError: it cannot be read."""
        with self.reading() as connection:
            found = connection.execute(sql.RECALL, (meter, transaction_id))
            row = found.fetchone()
        return None if row is None else finished(transaction_id, *row)

    def begin(self, meter: str, begun: Open, *, fingerprint: str) -> None:
        """Write that a transaction has begun, if its end can be signed.

        CounterError: the key has no counter. JournalError: nothing was written.
        """
        with self.writing() as connection:
            self._next(connection, fingerprint)
            request, reading = written(begun.request), written(begun.begin)
            values = (meter, begun.transaction_id, request, reading)
            connection.execute(sql.BEGIN, values)

    def abandon(self, meter: str, transaction_id: str) -> None:
        """Write that it is only to be ended. JournalError: nothing was written."""
        with self.writing() as connection:
            _one(connection.execute(sql.ABANDON, (meter, transaction_id)))

    def finish(
        self,
        meter: str,
        transaction_id: str,
        ending: Ending,
        *,
        fingerprint: str,
        sign: Callable[[int], str],
    ) -> Finished:
        """Take the key's next pagination, sign and store the record: one atomic step.

        sign  gives the record's text for a pagination; what it raises is passed on,
              and neither the number nor the transaction is used up
        CounterError: the key has no counter. JournalError: nothing was written.
        """
        with self.writing() as connection:
            number, public_key = self._next(connection, fingerprint)
            record = sign(number)
            connection.execute(sql.COUNT, (number + 1, fingerprint))
            wall_ns = ending.reading.wall_ns
            values = (written(ending), wall_ns, fingerprint, number, record)
            done = connection.execute(sql.FINISH, (*values, meter, transaction_id))
            _one(done)
        self._witness.note(fingerprint, number + 1)
        return finished(transaction_id, record, number, public_key)

    def delivered(self, meter: str, transaction_id: str, *, wall_ns: int) -> None:
        """Write that the record was handed over; the first time is kept.

        JournalError: nothing was written.
        """
        with self.writing() as connection:
            _one(connection.execute(sql.DELIVER, (wall_ns, meter, transaction_id)))

    def add_key(
        self, fingerprint: str, *, public_key: str, first_pagination: int = 1
    ) -> bool:
        """Let a key sign from this number on; false if its counter is there already.

        public_key  as it is told to EVerest (SPKI, DER, hex)
        For a new key, or by an operator who knows where the counter of an old one
        stood. Never called on the way to a record, and no counter goes back.
        """
        values = (fingerprint, public_key, first_pagination)
        with self.writing() as connection:
            return connection.execute(sql.ADD_KEY, values).rowcount > 0

    @property
    def is_unused(self) -> bool:
        """Whether no key ever signed here. JournalError: it cannot be read."""
        with self.reading() as connection:
            (keys,) = connection.execute(sql.COUNT_KEYS).fetchone()
        return keys == 0 and self._witness.is_empty

    def next_pagination(self, fingerprint: str) -> int:
        """Give the number of the key's next record.

        CounterError: it is not known, or behind. JournalError: it cannot be read.
        """
        with self.reading() as connection:
            return self._next(connection, fingerprint)[0]

    def prune(self, *, before_ns: int, sync: Sync) -> int:
        """Remove what was delivered and ended before then; give how many.

        Nothing goes by a clock that may be wrong: neither now (sync) nor then.
        """
        if sync is not Sync.SYNCHRONISED:
            return 0
        with self.writing() as connection:
            return connection.execute(sql.PRUNE, (before_ns, sync)).rowcount

    def _next(
        self, connection: sqlite3.Connection, fingerprint: str
    ) -> tuple[int, str]:
        """Give the next pagination of a key, and its public key; else CounterError."""
        found = connection.execute(sql.COUNTER, (fingerprint,)).fetchone()
        if found is None:
            raise CounterError(
                f"key {fingerprint}: the journal has no counter for it; if the key is"
                " new, or you know its last number: adopt-key; else make a new key"
            )
        number, public_key, used = found
        self._witness.refuse_older(fingerprint, number, used=used)
        return number, public_key


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[Callable[[], Iterator[AnyEntry]]]:
    """Look into a journal without writing a byte; its writer may be at work.

    Gives a function that gives every entry as it is then. JournalError: unreadable.
    """
    if not path.is_file():
        raise JournalError(f"{path}: no such file: none begun, or correct journal.path")
    try:
        with contextlib.closing(connect(path, "ro")) as connection:
            if not schema.is_current(connection):
                raise JournalError(f"{path}: {JournalState.FOREIGN}")
            yield lambda: every(connection)
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        raise JournalError(f"{path}: cannot be read: {error}; restore it") from error


def _one(change: sqlite3.Cursor) -> None:
    if change.rowcount != 1:
        raise JournalError("the transaction is not so in the journal: nothing written")

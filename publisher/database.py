# SPDX-License-Identifier: Apache-2.0
"""One SQLite file with one writer, and what may go wrong with it.

WAL and synchronous=FULL: a commit has reached the disk when it returns, and a reader
(`transactions list`) disturbs nobody. What goes wrong with the disk is a state, not the
end of the process: the values go on being published, and no transaction begins.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec

from publisher import schema
from publisher.errors import JournalError
from publisher.journalstate import JournalState
from publisher.ownfile import OwnFile

BUSY_S = 0.25
"""How long a commit waits for a reader in the rare moments that exclude each other."""

_STATES = {
    sqlite3.SQLITE_FULL: JournalState.FULL,
    sqlite3.SQLITE_READONLY: JournalState.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: JournalState.READ_ONLY,
    sqlite3.SQLITE_PERM: JournalState.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: JournalState.CORRUPT,
    sqlite3.SQLITE_NOTADB: JournalState.FOREIGN,
}


class Database:
    """The one writer; `state` and `reason` tell whether it can write."""

    def __init__(self, file: OwnFile) -> None:
        self.state = JournalState.FAILING
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self.probe()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def reason(self) -> str:
        """Why it cannot be written and what to do; empty while it is good."""
        if self.state is JournalState.GOOD:
            return ""
        return f"{self._file.path}: {self.state}"

    def close(self) -> None:
        """Give the file back; what was written is on the disk already."""
        self._disconnect()
        self._file.close()

    def probe(self) -> JournalState:
        """Open the file anew and try a write: the way out of any state but GOOD."""
        self._disconnect()
        try:
            self._file.touch()
            self._connection = connect(self._file.path, "rw")
            self.state = schema.prepare(self._connection)
            if self.state is not JournalState.GOOD:
                self._look_on(self.state)
        except FileNotFoundError:
            self._look_on(JournalState.MISSING)
        except sqlite3.Error as error:
            self._look_on(_state_of(error))
        except OSError:
            self._look_on(JournalState.READ_ONLY)
        return self.state

    def _look_on(self, state: JournalState) -> None:
        """Go on reading what can still be read, if it is our file at all."""
        self.state = state
        self._disconnect()
        if state not in {JournalState.MISSING, JournalState.FOREIGN}:
            with contextlib.suppress(sqlite3.Error):
                self._connection = connect(self._file.path, "ro")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Make one SQL transaction of what is done inside, or JournalError."""
        connection = self._connection
        if self.state is JournalState.GOOD and not self._file.is_there:
            self.state = JournalState.MISSING
        if connection is None or self.state is not JournalState.GOOD:
            raise JournalError(self.reason)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except (sqlite3.Error, UnicodeEncodeError) as error:
            raise self._failed(error) from error
        finally:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Turn what goes wrong inside into JournalError."""
        if self._connection is None:
            raise JournalError(self.reason)
        try:
            yield self._connection
        except (sqlite3.Error, msgspec.MsgspecError, UnicodeEncodeError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> JournalError:
        """Take the state from an error that is not about one row only."""
        if isinstance(error, sqlite3.IntegrityError):
            return JournalError(f"{self._file.path}: not written: {error}")
        if isinstance(error, UnicodeEncodeError):
            return JournalError(f"{self._file.path}: no text: {error}")
        if self.state is JournalState.GOOD:
            self.state = _state_of(error)
        return JournalError(f"{self.reason} ({error})")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a database, "rw" or "ro", that is there. sqlite3.Error: it cannot be."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,  # BEGIN and COMMIT are ours to say
        timeout=BUSY_S,
    )


def _state_of(error: Exception) -> JournalState:
    if isinstance(error, msgspec.MsgspecError):
        return JournalState.CORRUPT  # SQLite read it, and it is none of ours
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return _STATES.get(code & 0xFF, JournalState.FAILING)

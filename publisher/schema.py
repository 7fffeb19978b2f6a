# SPDX-License-Identifier: Apache-2.0
"""The journal's tables, as the steps that made them what they are.

Step n brings a journal of version n-1 to version n (SQLite's user_version). A step
that was released is never changed; a new need is a new step.
"""

from typing import Any, Protocol

from publisher.journalstate import JournalState

APPLICATION_ID = 0x504D4A31
"""SQLite's application_id of our journals: "PMJ1"."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # A key, for those who verify its records when it is long out of use, and
        # its pagination: the number that its next record will have.
        """
        CREATE TABLE keys (
            fingerprint TEXT PRIMARY KEY,
            public_key TEXT NOT NULL,
            next_pagination INTEGER NOT NULL CHECK (next_pagination >= 1)
        ) STRICT
        """,
        # request, begin and ending are the JSON of their Structs: integers stay
        # whole, and `sqlite3` shows them to whoever has to look.
        """
        CREATE TABLE transactions (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            meter TEXT NOT NULL,
            transaction_id TEXT NOT NULL,
            request TEXT NOT NULL,
            begin TEXT NOT NULL,
            is_dangling INTEGER NOT NULL DEFAULT 0 CHECK (is_dangling IN (0, 1)),
            ending TEXT,
            finished_ns INTEGER,
            fingerprint TEXT REFERENCES keys,
            pagination INTEGER,
            record TEXT,
            delivered_ns INTEGER,
            UNIQUE (meter, transaction_id),
            UNIQUE (fingerprint, pagination),
            CHECK ((record IS NULL) = (ending IS NULL)),
            CHECK ((record IS NULL) = (pagination IS NULL)),
            CHECK ((record IS NULL) = (fingerprint IS NULL)),
            CHECK ((record IS NULL) = (finished_ns IS NULL)),
            CHECK (record IS NOT NULL OR delivered_ns IS NULL)
        ) STRICT
        """,
        # One open transaction a meter: the rule of rules, held by the disk as well.
        """
        CREATE UNIQUE INDEX one_open ON transactions (meter) WHERE record IS NULL
        """,
    ),
    (
        # Those that their meter signs. No pagination of ours; signer is the meter as
        # it named itself, with its key. Open until ended_ns, then there is a record,
        # byte for byte, or the failure that cost it. complaint says why a record
        # does not verify, and is empty if it does; digest is its SHA-256, by which
        # the same one read twice is known. request is absent if it was found.
        """
        CREATE TABLE meter_transactions (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            meter TEXT NOT NULL,
            transaction_id TEXT NOT NULL,
            request TEXT,
            signer TEXT NOT NULL,
            intended_ns INTEGER,
            begun_ns INTEGER,
            is_dangling INTEGER NOT NULL DEFAULT 0 CHECK (is_dangling IN (0, 1)),
            ended_ns INTEGER,
            sync TEXT,
            failure TEXT,
            start_record TEXT,
            record TEXT,
            digest TEXT,
            complaint TEXT,
            delivered_ns INTEGER,
            confirmed_ns INTEGER,
            UNIQUE (meter, transaction_id),
            UNIQUE (meter, digest),
            CHECK ((request IS NULL) = (intended_ns IS NULL)),
            CHECK ((ended_ns IS NULL) = (record IS NULL AND failure IS NULL)),
            CHECK ((ended_ns IS NULL) = (sync IS NULL)),
            CHECK (record IS NULL OR failure IS NULL),
            CHECK ((record IS NULL) = (digest IS NULL)),
            CHECK ((record IS NULL) = (complaint IS NULL)),
            CHECK (begun_ns IS NOT NULL OR record IS NOT NULL OR start_record IS NULL),
            CHECK (record IS NOT NULL OR delivered_ns IS NULL),
            CHECK (record IS NOT NULL OR confirmed_ns IS NULL)
        ) STRICT
        """,
        """
        CREATE UNIQUE INDEX one_open_on_meter ON meter_transactions (meter)
        WHERE ended_ns IS NULL
        """,
        """
        CREATE INDEX unconfirmed ON meter_transactions (meter)
        WHERE record IS NOT NULL AND confirmed_ns IS NULL
        """,
    ),
)


class Cursor(Protocol):
    """What a statement gives, and how many rows it has changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any:  # noqa: ANN401 - a row of any columns
        """Give the next row, None after the last."""
        ...


class Connection(Protocol):
    """An SQLite connection, as far as it is needed here."""

    def execute(self, sql: str, values: tuple[str | int | None, ...] = (), /) -> Cursor:
        """Run one statement."""
        ...


def is_ours(connection: Connection) -> bool:
    """Whether it is a journal of a version that we know, or an empty file."""
    application, version = _identity(connection)
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    is_empty = (application, version, tables) == (0, 0, 0)
    is_known = application == APPLICATION_ID and version <= len(MIGRATIONS)
    return is_empty or is_known


def is_current(connection: Connection) -> bool:
    """Whether it is a journal of exactly our version: it can be read as it is."""
    return _identity(connection) == (APPLICATION_ID, len(MIGRATIONS))


def prepare(connection: Connection) -> JournalState:
    """Bring it to the newest version, unless it must not be touched."""
    if not is_ours(connection):
        return JournalState.FOREIGN
    if not is_whole(connection):
        return JournalState.CORRUPT
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        "cell_size_check = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    migrate(connection, MIGRATIONS)
    return JournalState.GOOD


def migrate(connection: Connection, migrations: tuple[tuple[str, ...], ...]) -> None:
    """Do the steps that the file has not seen; all of them or none."""
    _, version = _identity(connection)
    connection.execute("BEGIN IMMEDIATE")
    for step in migrations[version:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    # Written even if nothing changes: this is what tries the disk.
    connection.execute(f"PRAGMA user_version = {max(version, len(migrations))}")
    connection.execute("COMMIT")


def is_whole(connection: Connection) -> bool:
    """Whether SQLite finds the file sound, page by page."""
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return bool(found == "ok")


def _identity(connection: Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application, version

# SPDX-License-Identifier: Apache-2.0
"""All that a journal holds: the transactions that the gateway signs, and the meters."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from publisher import entry
from publisher import statements as sql
from publisher.entry import Entry
from publisher.signing import entry as meter_entry
from publisher.signing import statements as meter_sql
from publisher.signing.entry import MeterEntry

AnyEntry = Entry | MeterEntry


class Connection(Protocol):
    """An SQLite connection, as far as it is read here."""

    def execute(self, sql: str, /) -> Iterable[Any]:
        """Give the rows of a statement."""
        ...


def every(connection: Connection) -> Iterator[AnyEntry]:
    """Give every entry, the gateway's first, each kind oldest first.

    msgspec.MsgspecError: one is damaged.
    """
    yield from map(entry.read, connection.execute(sql.ALL))
    yield from map(meter_entry.read, connection.execute(meter_sql.ALL))

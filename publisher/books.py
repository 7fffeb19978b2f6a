# SPDX-License-Identifier: Apache-2.0
"""What the journal holds now, for powermeter-watch. Loaded only if somebody signs."""

from pathlib import Path

from ipc.status import JournalStatus
from publisher.errors import PublisherError
from publisher.journal import Journal
from publisher.signing.ledger import Ledger


class Books:
    """Looks into the journal: queries, so only when something has moved in it.

    fingerprint  of the gateway's key; None: it has none
    """

    def __init__(
        self, journal: Journal, *, path: Path, fingerprint: str | None
    ) -> None:
        self._journal = journal
        self._ledger = Ledger(journal)
        self._path = path
        self._fingerprint = fingerprint
        self._open: dict[str, str] = {}
        self._next_pagination: int | None = None

    def look(self) -> None:
        """Look anew; what cannot be read is not known."""
        try:
            held = self._journal.open_transactions() | self._ledger.open_transactions()
            self._open = {name: each.transaction_id for name, each in held.items()}
        except PublisherError:
            self._open = {}
        try:
            self._next_pagination = (
                self._journal.next_pagination(self._fingerprint)
                if self._fingerprint
                else None
            )
        except PublisherError:
            self._next_pagination = None

    def open_transaction(self, meter: str) -> str | None:
        """Give the id of the transaction that is open."""
        return self._open.get(meter)

    def status(self) -> JournalStatus:
        """Say how the journal is."""
        return JournalStatus(
            path=str(self._path),
            reason=self._journal.reason,
            size_bytes=_size(self._path),
            next_pagination=self._next_pagination,
        )


def _size(path: Path) -> int | None:
    """Give the bytes of a journal and of its write-ahead log; None: no journal."""
    try:
        size = path.stat().st_size
    except OSError:
        return None
    try:
        return size + path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return size

# SPDX-License-Identifier: Apache-2.0
"""What the publisher says of itself to powermeter-watch.

Once a second, in a step that happens anyway: what was counted (publisher/tally.py),
and how the other parts are when they are asked.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ipc.status import (
    BrokerStatus,
    JournalStatus,
    ModuleStatus,
    PublishedMeter,
    PublisherStatus,
)
from ipc.statusfile import StatusFile
from publisher.feed import Feed
from publisher.tally import Tally


class Broker(Protocol):
    """The way to the broker."""

    def status(self) -> BrokerStatus:
        """Say how it is."""
        ...


class Everest(Protocol):
    """EVerest's comings and goings."""

    def modules(self) -> Mapping[str, ModuleStatus]:
        """Say what is known of the modules of our meters, by their id."""
        ...


class Books(Protocol):
    """publisher/books.py, which is only loaded if somebody signs."""

    def look(self) -> None:
        """Look into the journal anew."""
        ...

    def open_transaction(self, meter: str) -> str | None:
        """Give the id of the transaction that is open."""
        ...

    def status(self) -> JournalStatus:
        """Say how the journal is."""
        ...


class Status:
    """Writes the status file.

    books   None: nobody signs, and there is no journal
    """

    def __init__(
        self,
        tally: Tally,
        *,
        feeds: Sequence[Feed],
        broker: Broker,
        everest: Everest,
        books: Books | None,
        file: StatusFile,
    ) -> None:
        self._tally = tally
        self._feeds = feeds
        self._broker = broker
        self._everest = everest
        self._books = books
        self._file = file
        self._moves: int | None = None

    def tick(self) -> None:
        """Write if a second has passed; the last thing of a step."""
        if self._file.is_due:
            self._file.write(self._status())

    def close(self) -> None:
        """Take the file away: the publisher ends."""
        self._file.close()

    def _status(self) -> PublisherStatus:
        modules = self._everest.modules()
        if self._books is not None and self._moves != self._tally.moves:
            self._moves = self._tally.moves
            self._books.look()
        return PublisherStatus(
            stamp=self._file.stamp(),
            broker=self._broker.status(),
            samples=sum(feed.samples for feed in self._feeds),
            lapped=sum(feed.ring.lapped for feed in self._feeds),
            reply_latency=self._tally.latency,
            meters=[
                self._meter(meter.table.name, modules[meter.topics.module_id])
                for feed in self._feeds
                for meter in feed.meters
            ],
            journal=None if self._books is None else self._books.status(),
            troubles=self._tally.troubles.newest(),
        )

    def _meter(self, name: str, module: ModuleStatus) -> PublishedMeter:
        tally, books = self._tally.meters[name], self._books
        return PublishedMeter(
            meter=name,
            module=module,
            reason=tally.reason,
            since_ns=tally.since_ns,
            published=tally.published,
            incomplete=tally.incomplete,
            dropped=tally.dropped,
            transaction=None if books is None else books.open_transaction(name),
            transactions=tally.transactions,
            requests=tally.requests,
            replies=tally.replies,
        )

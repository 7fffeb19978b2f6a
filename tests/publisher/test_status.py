# SPDX-License-Identifier: Apache-2.0
"""What the publisher says of itself to powermeter-watch."""

import pytest

from ipc.status import (
    BrokerStatus,
    JournalStatus,
    ModuleStatus,
    PublisherStatus,
)
from ipc.statusfile import StatusFile
from ipc.watch.statuses import read
from publisher.health import Health
from publisher.outbox import Note
from publisher.status import Status
from publisher.tally import Tally
from tests.fakes import FakeClock, FakeLog, FakeRing, sample_of
from tests.publisher.parts import feed_of, meter_of

BROKER = BrokerStatus(
    address="localhost:1883", connected=True, connections=2, refused=1, waiting=3
)
MODULE = ModuleStatus(module_id="pm_1", is_found=True, heard_ns=5, restarts=4)


class Broker:
    def status(self):
        return BROKER


class Everest:
    def modules(self):
        return {"pm_1": MODULE}


JOURNAL = JournalStatus(path="/j", reason="", size_bytes=4096, next_pagination=41)


class Books:
    """What the journal holds, and how often it was looked into."""

    def __init__(self):
        self.looks = 0

    def look(self):
        self.looks += 1

    def open_transaction(self, meter):
        return f"open at {meter}" if self.looks else None

    def status(self):
        return JOURNAL


class Case:
    def __init__(self, directory, *, books=None):
        self.clock, self.ring = FakeClock(), FakeRing()
        self.tally, self.meter = Tally(self.clock), meter_of()
        self.path = directory / "status" / "publisher.json"
        self.feed = feed_of(self.meter, ring=self.ring, clock=self.clock)
        self.status = Status(
            self.tally,
            feeds=[self.feed],
            broker=Broker(),
            everest=Everest(),
            books=books,
            file=StatusFile(self.path, clock=self.clock, log=FakeLog()),
        )

    def told(self) -> PublisherStatus:
        """Give what is written once a second has passed."""
        self.clock.advance(1)
        self.status.tick()
        found = read(self.path, PublisherStatus)
        assert found.status
        return found.status


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_a_publisher_that_has_just_started_says_so(case):
    told = case.told()
    assert told.broker == BROKER
    assert told.journal is None
    [meter] = told.meters
    assert (meter.meter, meter.module, meter.reason) == ("charger-1", MODULE, None)
    assert meter.transaction is None


def test_samples_and_values_are_counted(case):
    case.ring.write(sample_of())
    list(case.feed.drain(0))
    case.ring.lapped = 2
    tally = case.tally.meters["charger-1"]
    tally.published, tally.incomplete, tally.dropped = 3, 4, 5
    told = case.told()
    assert (told.samples, told.lapped) == (1, 2)
    [meter] = told.meters
    assert (meter.published, meter.incomplete, meter.dropped) == (3, 4, 5)


def test_health_requests_and_transactions_are_those_of_the_meter(case):
    case.tally.health("charger-1", Health(reason="too old"))
    case.tally.asked("charger-1", "start", None)
    case.tally.noted(Note(event="transaction_begun", meter="charger-1"))
    [meter] = case.told().meters
    assert meter.reason == "too old"
    assert meter.requests == {"start": 1}
    assert meter.transactions == {"begun": 1}


def test_the_open_transaction_and_the_journal_are_told_if_somebody_signs(tmp_path):
    told = Case(tmp_path, books=Books()).told()
    assert told.meters[0].transaction == "open at charger-1"
    assert told.journal == JOURNAL


def test_the_journal_is_looked_into_only_when_something_has_moved(tmp_path):
    books = Books()
    case = Case(tmp_path, books=books)
    for _ in range(5):
        case.told()
    assert books.looks == 1
    case.tally.noted(Note(event="transaction_ended", meter="charger-1"))
    for _ in range(5):
        case.told()
    assert books.looks == 2


def test_it_is_written_at_most_once_a_second(case):
    case.told()
    first = case.path.stat().st_ino
    case.clock.advance(0.9)
    case.status.tick()
    assert case.path.stat().st_ino == first
    case.clock.advance(0.1)
    case.status.tick()
    assert case.path.stat().st_ino != first


def test_who_ends_leaves_no_file(case):
    case.told()
    case.status.close()
    assert not case.path.exists()

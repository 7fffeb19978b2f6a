# SPDX-License-Identifier: Apache-2.0
"""What each process says of itself, for powermeter-watch: counts and states.

Counts go up from 0 since the process started. Instants are wall time, nanoseconds of
the Unix epoch in UTC, because a person reads them; `mono_ns` is CLOCK_MONOTONIC,
the same in every process of the machine.
"""

import msgspec

from ipc.histogram import Histogram

MOST_TROUBLES = 16
"""Kinds of trouble that a status tells of: the newest."""

MOST_ROWS = 8
"""Rows of a timetable that a status tells of: the fullest."""


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """Which process said it, and when.

    pid         in its own PID namespace
    started_ns  wall time of its start
    mono_ns     when this was written
    """

    pid: int
    started_ns: int
    mono_ns: int


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of fault of one meter.

    meter     None: of all of them
    kind      a Quality in lower case, or the event of a log line
    detail    of the last one
    first_ns  wall time of the first one, last_ns of the last one
    """

    meter: str | None
    kind: str
    detail: str
    count: int
    first_ns: int
    last_ns: int


class MeterCounts(msgspec.Struct, kw_only=True):
    """What became of a meter's ticks.

    good     samples without a flaw; skipped: it was silent and its turn not yet due
    faults   by Quality in lower case; a sample with two of them counts in both
    busy_s   of the bus, for this meter; longest_s: its longest sample
    planned_s   wire time of all its registers, by the timetable
    """

    meter: str
    planned_s: float
    good: int = 0
    bad: int = 0
    skipped: int = 0
    faults: dict[str, int] = {}
    busy_s: float = 0.0
    longest_s: float = 0.0


class TimetableRow(msgspec.Struct, frozen=True, kw_only=True):
    """Ticks that carry the same.

    share   of all ticks that are such
    wire_s  what they take of the wire, as planned
    """

    what: str
    share: float
    wire_s: float


class SamplerStatus(msgspec.Struct, kw_only=True):
    """The sampler of one bus.

    port_is_open  None before the first operation
    period_s      between two ticks; worst_s: wire time of the fullest one, as planned
    timetable     what the ticks carry, the fullest first, at most MOST_ROWS; empty if
                  its cycle is too long to lay out
    ticks         that were begun, missed: that were not; lateness: of the begun ones
    procedure     what is done for a transaction between the ticks; None: nothing
    troubles      newest first
    """

    stamp: Stamp
    port: str
    port_is_open: bool | None
    period_s: float
    worst_s: float
    timetable: list[TimetableRow]
    ticks: int
    missed: int
    lateness: Histogram
    procedure: str | None
    meters: list[MeterCounts]
    troubles: list[Trouble]


class BrokerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The way to the broker.

    connections  how often it has accepted us; refused: publishes it has not
    waiting      messages that it has not acknowledged yet
    """

    address: str
    connected: bool
    connections: int
    refused: int
    waiting: int


class ModuleStatus(msgspec.Struct, frozen=True, kw_only=True):
    """EVerest's module of a meter.

    is_found  whether it answered when EVerest's modules were asked for; None: nobody
              has answered yet
    heard_ns  CLOCK_MONOTONIC of its newest heartbeat; None: there was none
    restarts  that its heartbeats have told
    """

    module_id: str
    is_found: bool | None
    heard_ns: int | None
    restarts: int


class PublishedMeter(msgspec.Struct, frozen=True, kw_only=True):
    """One meter as EVerest is told of it.

    reason        why EVerest is not told that all is well; empty: it is. None: not
                  judged yet
    since_ns      wall time since when that is so
    published     windows (or samples) that were; incomplete: that lacked what EVerest
                  requires; dropped: the broker was away
    transaction   the id of the one that is open, None if none is
    transactions  by what became of them: begun, ended, abandoned ...
    requests      of EVerest, by kind; replies: of ours, by status
    """

    meter: str
    module: ModuleStatus
    reason: str | None
    since_ns: int
    published: int
    incomplete: int
    dropped: int
    transaction: str | None
    transactions: dict[str, int]
    requests: dict[str, int]
    replies: dict[str, int]


class JournalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The journal of transactions.

    reason           why it cannot be written; empty if it can
    size_bytes       of its file and of its write-ahead log; None: it is not there
    next_pagination  of the gateway's key; None: not known
    """

    path: str
    reason: str
    size_bytes: int | None
    next_pagination: int | None


class PublisherStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The publisher.

    samples, lapped   taken from the rings, and lost there
    reply_latency     from a request's arrival to its reply
    journal           None: no meter signs
    troubles          newest first
    """

    stamp: Stamp
    broker: BrokerStatus
    samples: int
    lapped: int
    reply_latency: Histogram
    meters: list[PublishedMeter]
    journal: JournalStatus | None
    troubles: list[Trouble]


class Troubles:
    """Remembers what went wrong: one entry for each meter and kind.

    Both come from the configuration and from closed lists, so it does not grow.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str | None, str], Trouble] = {}

    def add(self, meter: str | None, kind: str, detail: str, *, wall_ns: int) -> None:
        """Take note of one; a kind that is known counts up and tells the newest."""
        known = self._found.get((meter, kind))
        self._found[meter, kind] = Trouble(
            meter=meter,
            kind=kind,
            detail=detail,
            count=known.count + 1 if known else 1,
            first_ns=known.first_ns if known else wall_ns,
            last_ns=wall_ns,
        )

    def newest(self) -> list[Trouble]:
        """Give the newest, at most MOST_TROUBLES, newest first."""
        found = sorted(self._found.values(), key=lambda each: -each.last_ns)
        return found[:MOST_TROUBLES]

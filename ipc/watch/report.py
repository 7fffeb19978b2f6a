# SPDX-License-Identifier: Apache-2.0
"""What powermeter-watch knows at one instant; `--once --json` prints it."""

import enum

import msgspec

from ipc.liveness import WriterState, WriterStatus
from ipc.status import MeterCounts, PublisherStatus, SamplerStatus
from ipc.watch.ticks import Spread


class Newest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest sample of a meter.

    age_s        since its instant
    lateness_ms  how late its tick began; duration_ms: how long it took on the bus
    quality      why it is not good; empty if it is
    misses       samples that were not good, overruns: ticks missed, since the start
    phase_sequence  whether the phases follow each other as they should; None: the
                    meter does not say
    values       the quantities that were measured, each in the unit its name ends in
    """

    age_s: float
    lateness_ms: float
    duration_ms: float
    quality: list[str]
    misses: int
    overruns: int
    phase_sequence: bool | None
    values: dict[str, float | int]


class MeterReport(msgspec.Struct, frozen=True, kw_only=True):
    """One meter.

    problem     why it is not healthy, None if it is
    rate_hz     samples a second, good or not; None before the second one
    good_age_s  of the newest good sample; None before the first one
    newest      None before the first one
    """

    meter: str
    model: str
    unit_id: int
    problem: str | None
    rate_hz: float | None
    good_age_s: float | None
    newest: Newest | None


class BusReport(msgspec.Struct, frozen=True, kw_only=True):
    """One bus: its writer, and what this reader lost.

    writer   None without a segment that can be read
    refused  why the file at the path is no segment of ours, None if it is
    spread   how punctual and how full it was; None without a sample in a minute
    status   what the sampler says of itself; None if it says nothing
    unread   why its status cannot be read; None if it can, or there is none
    """

    bus: str
    port: str
    baudrate: int
    rate_hz: float
    ring: str
    writer: WriterStatus | None
    refused: str | None
    lapped: int
    corrupt: int
    spread: Spread | None
    status: SamplerStatus | None
    unread: str | None
    meters: list[MeterReport]

    @property
    def state(self) -> WriterState:
        """The writer's, MISSING included."""
        return self.writer.state if self.writer else WriterState.MISSING

    def counts(self, meter: str) -> MeterCounts | None:
        """Give what the sampler counts of a meter."""
        found = self.status.meters if self.status else []
        return next((each for each in found if each.meter == meter), None)


class PublisherState(enum.StrEnum):
    """What its status file tells of the publisher."""

    MISSING = "missing"
    """It never ran, or it left in order."""
    RUNNING = "running"
    SILENT = "silent"
    """It has not written for long: killed, or it hangs."""
    UNREADABLE = "unreadable"


class PublisherReport(msgspec.Struct, frozen=True, kw_only=True):
    """The publisher, as its status file tells.

    age_s   since it was written; None if there is none
    unread  why it cannot be read; None if it can, or there is none
    """

    state: PublisherState
    age_s: float | None
    status: PublisherStatus | None
    unread: str | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, at one instant: mono_ns (CLOCK_MONOTONIC), wall_ns (UTC).

    healthy  whether every meter has a fresh good sample; the publisher has no part
             in it: the health check of a sampler's container must not end it
    """

    healthy: bool
    mono_ns: int
    wall_ns: int
    buses: list[BusReport]
    publisher: PublisherReport

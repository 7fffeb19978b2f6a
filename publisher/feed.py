# SPDX-License-Identifier: Apache-2.0
"""One bus's samples, taken from its ring and dealt out to their meters."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from ipc.liveness import WriterState
from ipc.log import Logger, RateLimit
from ipc.sample import Sample
from publisher.meter import Meter
from publisher.window import Aggregate


class Ring(Protocol):
    """Where a bus's samples come from; it may not be there yet."""

    @property
    def lapped(self) -> int:
        """Samples lost because they were overwritten before they were read."""
        ...

    @property
    def reason(self) -> str | None:
        """Why the file at its path is refused; None if it is not, or not there."""
        ...

    def read(self) -> list[Sample]:
        """Give everything new, in order; [] when there is nothing more."""
        ...

    def writer(self) -> WriterState:
        """Say whether a live sampler writes it."""
        ...


class Feed:
    """The ring of one bus and the meters whose samples are in it."""

    def __init__(
        self,
        *,
        bus: str,
        ring: Ring,
        meters: Sequence[Meter],
        log: Logger,
        limit: RateLimit,
    ) -> None:
        self.ring = ring
        self.meters = meters
        self.samples = 0
        self._bus = bus
        self._log = log
        self._limit = limit
        self._lapped = 0
        self._reason: str | None = None

    def drain(self, now_ns: int) -> Iterator[tuple[Meter, Sample, list[Aggregate]]]:
        """Take all that is new by now; give each good and fresh sample, in order.

        With its meter, and with what it made complete there.
        """
        while samples := self.ring.read():
            self.samples += len(samples)
            for sample in samples:
                if sample.meter >= len(self.meters):
                    self._foreign(sample.meter)
                    continue
                meter = self.meters[sample.meter]
                complete = meter.add(sample, now_ns=now_ns)
                if complete is not None:
                    yield meter, sample, complete
        if self.ring.lapped > self._lapped:
            lost = self.ring.lapped - self._lapped
            self._lapped = self.ring.lapped
            event, key = "samples_lapped", f"lapped {self._bus}"
            self._limit(key, self._log.warning, event, bus=self._bus, lost=lost)
        if self.ring.reason != self._reason:
            self._reason = self.ring.reason
            self._refused()

    def _refused(self) -> None:
        if self._reason is not None:
            event, key = "ring_refused", f"refused {self._bus}"
            self._limit(key, self._log.error, event, bus=self._bus, detail=self._reason)

    def _foreign(self, index: int) -> None:
        event, key = "sample_unassigned", f"unassigned {self._bus}"
        self._limit(
            key,
            self._log.error,
            event,
            bus=self._bus,
            meter_index=index,
            remedy="run sampler and publisher with the same configuration",
        )

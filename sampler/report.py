# SPDX-License-Identifier: Apache-2.0
"""What the sampler says in its log: changes of state, and one line a minute."""

import statistics
from collections import Counter

from ipc.clock import Clock
from ipc.log import Logger, RateLimit
from ipc.sample import Quality
from ipc.units import NS_PER_S
from sampler.bus import Fault
from sampler.meter import Meter, Outcome

PERIOD_NS = 60 * NS_PER_S

REMEDIES = {
    Quality.TIMEOUT: "check unit_id, baudrate, parity, power, and A/B not swapped",
    Quality.GARBLED: "check baudrate and parity, termination, a second master",
    Quality.REFUSED: "the meter does not know these registers: check model",
    Quality.NO_PORT: "plug the adapter in, or correct bus.port",
}


class Report:
    """Counts every outcome; logs when a meter's state changes, rate-limited."""

    def __init__(self, *, log: Logger, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._limit = RateLimit(clock)
        self._faults: dict[str, Quality | None] = {}
        self._lateness_us: list[int] = []
        self._counts: Counter[str] = Counter()
        self._next_ns = clock.monotonic_ns() + PERIOD_NS

    def outcome(self, meter: Meter, outcome: Outcome) -> None:
        """Take note of one sample."""
        name = meter.table.name
        for flag in Quality(outcome.sample.quality):
            self._counts[str(flag.name).lower()] += 1
        self._counts["good"] += outcome.sample.is_good
        if outcome.implausible:
            values = [quantity.value for quantity in outcome.implausible]
            event = "values_quarantined"
            self._limit(
                name + event, self._log.warning, event, meter=name, values=values
            )
        kind = outcome.fault.kind if outcome.fault else None
        before = self._faults.get(name, Quality.GOOD)  # of neither state at the start
        self._faults[name] = kind
        if outcome.fault:
            if kind is not before:
                self._limit.forget(name)
            self._failing(meter, outcome.fault)
        elif before is not None:
            self._limit.forget(name)
            self._log.info("meter_answers", meter=name, model=meter.table.model)

    def tick(self, *, lateness_us: int, missed: int) -> None:
        """Take note of one tick; once a minute the canonical line is due."""
        self._lateness_us.append(lateness_us)
        self._counts["overruns"] += missed
        if self._clock.monotonic_ns() >= self._next_ns:
            self.summary()

    def summary(self) -> None:
        """Write the canonical line and begin a new minute."""
        if self._lateness_us:
            self._log.info(
                "bus_sampled",
                ticks=len(self._lateness_us),
                lateness_median_us=int(statistics.median(self._lateness_us)),
                lateness_max_us=max(self._lateness_us),
                **self._counts,
            )
        self._lateness_us.clear()
        self._counts.clear()
        self._next_ns = self._clock.monotonic_ns() + PERIOD_NS

    def _failing(self, meter: Meter, fault: Fault) -> None:
        self._limit(
            meter.table.name,
            self._log.warning,
            "meter_fails",
            meter=meter.table.name,
            unit_id=meter.table.unit_id,
            fault=str(fault.kind.name).lower(),
            detail=fault.detail,
            remedy=REMEDIES[fault.kind],
        )

# SPDX-License-Identifier: Apache-2.0
"""What the sampler says in its log: changes of state, and one line a minute.

One line when a meter's state changes, and none while it stays. A meter that changes
all the time (a loose wire) gets ten lines and then one a minute: a log must not wear
out the flash it is written to. The last state is always told in the end.
"""

import statistics
from collections import Counter

from ipc.clock import Clock
from ipc.log import Logger, RateLimit
from ipc.sample import Quality
from ipc.units import NS_PER_S
from sampler.fault import Fault
from sampler.meter import Meter, Outcome
from sampler.reader import Lesson
from sampler.status import Status

PERIOD_NS = 60 * NS_PER_S

REMEDIES = {
    Quality.TIMEOUT: "check unit_id, baudrate, parity, power, and A/B not swapped",
    Quality.GARBLED: "check baudrate and parity, termination, a second master",
    Quality.REFUSED: "the meter does not know these registers: check model",
    Quality.NO_PORT: "plug the adapter in, or correct bus.port",
}

AT_ONCE = 10
"""Changes of a meter's state that are told as they come; then one a minute."""


class _State:
    """What was said last of a meter, and how many changes may still be told."""

    def __init__(self, now_ns: int) -> None:
        self.said: Quality | None = None
        self._left = AT_ONCE
        self._since_ns = now_ns

    def may_say(self, kind: Quality, now_ns: int) -> bool:
        """Whether this is a change that is to be told now; if so it counts as told."""
        if kind is self.said:
            return False
        minutes = (now_ns - self._since_ns) // PERIOD_NS
        self._left = min(AT_ONCE, self._left + minutes)
        self._since_ns += minutes * PERIOD_NS
        if not self._left:
            return False
        self._left -= 1
        self.said = kind
        return True


class Report:
    """Counts every outcome by kind and meter; logs changes of state.

    status  is told the same, for powermeter-watch; None: nobody watches
    """

    def __init__(
        self, *, log: Logger, clock: Clock, status: Status | None = None
    ) -> None:
        self._log = log
        self._clock = clock
        self._status = status
        self._limit = RateLimit(clock)
        self._states: dict[str, _State] = {}
        self._lateness_us: list[int] = []
        self._overruns = 0
        self._counts: dict[str, Counter[str]] = {}
        self._next_ns = clock.monotonic_ns() + PERIOD_NS

    def outcome(self, meter: Meter, outcome: Outcome) -> None:
        """Take note of one sample."""
        if self._status is not None:
            self._status.outcome(meter, outcome)
        name = meter.table.name
        self._count(meter, outcome)
        self._state(meter, outcome.fault)
        if outcome.lesson:
            self._learned(meter, outcome.lesson)
        if outcome.implausible:
            values = [quantity.value for quantity in outcome.implausible]
            event = "values_quarantined"
            key = f"{event} {name}"
            self._limit(key, self._log.warning, event, meter=name, values=values)
        for counter in outcome.accepted:
            self._log.warning(
                "counter_accepted",
                meter=name,
                quantity=counter.quantity.value,
                before_wh=counter.before_mwh / 1000,
                after_wh=counter.after_mwh / 1000,
                detail="it jumped and has been steady since: reset or replaced",
            )

    def tick(self, *, lateness_us: int, missed: int) -> None:
        """Take note of one tick; once a minute the canonical line is due."""
        self._lateness_us.append(lateness_us)
        self._overruns += missed
        if self._status is not None:
            self._status.tick(lateness_us=lateness_us, missed=missed)
        if self._clock.monotonic_ns() >= self._next_ns:
            self.summary()

    def summary(self) -> None:
        """Write the canonical line and begin a new minute."""
        if self._lateness_us:
            self._log.info(
                "bus_sampled",
                ticks=len(self._lateness_us),
                overruns=self._overruns,
                lateness_median_us=int(statistics.median(self._lateness_us)),
                lateness_max_us=max(self._lateness_us),
                meters={name: dict(counts) for name, counts in self._counts.items()},
            )
        self._lateness_us.clear()
        self._counts.clear()
        self._overruns = 0
        self._next_ns = self._clock.monotonic_ns() + PERIOD_NS

    def _count(self, meter: Meter, outcome: Outcome) -> None:
        """Count one sample by what it is: a skipped one is no fault of its own."""
        counts = self._counts.setdefault(meter.table.name, Counter())
        if outcome.is_skipped:
            counts["skipped"] += 1
        elif outcome.sample.is_good:
            counts["good"] += 1
        else:
            for flag in Quality(outcome.sample.quality):
                counts[str(flag.name).lower()] += 1

    def _state(self, meter: Meter, fault: Fault | None) -> None:
        """Say a state that is not what was said last: now, or when the limit allows."""
        name, now_ns = meter.table.name, self._clock.monotonic_ns()
        kind = fault.kind if fault else Quality.GOOD
        state = self._states.setdefault(name, _State(now_ns))
        if not state.may_say(kind, now_ns):
            return
        unit_id = meter.table.unit_id
        if fault is None:
            model = meter.table.model
            self._log.info("meter_answers", meter=name, unit_id=unit_id, model=model)
            return
        self._log.warning(
            "meter_fails",
            meter=name,
            unit_id=unit_id,
            fault=str(kind.name).lower(),
            detail=fault.detail,
            remedy=REMEDIES[kind],
        )

    def _learned(self, meter: Meter, lesson: Lesson) -> None:
        """Say once what is asked for from now on instead of a block."""
        block, pieces = lesson.block, lesson.pieces
        self._log.warning(
            "block_split" if pieces else "block_given_up",
            meter=meter.table.name,
            address=block.address,
            registers=block.count,
            pieces=[[piece.address, piece.count] for piece in pieces],
            detail="the meter does not give it in one read"
            if pieces
            else "this meter does not have it",
        )

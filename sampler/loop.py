# SPDX-License-Identifier: Apache-2.0
"""The sampler's loop: wait for the tick, read every meter, write the ring."""

from collections.abc import Sequence
from typing import Protocol

from ipc.clock import Clock
from ipc.notify import Notify
from ipc.sample import Sample
from ipc.stop import Stop
from ipc.units import NS_PER_S, NS_PER_US
from sampler.meter import Meter, Outcome
from sampler.report import Report
from sampler.tick import Tick, Ticker


class Ring(Protocol):
    """Where samples go."""

    def write(self, sample: Sample) -> int:
        """Publish a sample to every reader; give its sequence."""
        ...

    def beat(self) -> None:
        """Say that the writer lives, and wake the readers that wait."""
        ...


class Slack(Protocol):
    """Who puts the time between two ticks to use."""

    def use(self, until_ns: int, *, deadline_ns: int) -> None:
        """Work until then; begin nothing that outlasts the deadline."""
        ...


class Loop:
    """One bus at a fixed rate. Everything it needs arrives by constructor."""

    def __init__(
        self,
        *,
        ticker: Ticker,
        meters: Sequence[Meter],
        ring: Ring,
        report: Report,
        notify: Notify,
        clock: Clock,
        stop: Stop,
        slack: Slack | None = None,
    ) -> None:
        """Take the parts; without a slack, nothing is done between two ticks."""
        self._slack = slack
        self._ticker = ticker
        self._meters = meters
        self._ring = ring
        self._report = report
        self._notify = notify
        self._failing: set[str] = set()
        self._clock = clock
        self._stop = stop
        self._overruns = 0

    def run(self) -> None:
        """Step until a stop is requested."""
        while not self._stop.requested:
            self.step()
        self._notify.stopping()
        self._report.summary()

    def step(self) -> None:
        """Do one tick: a sample of every meter of it, good or not, is in the ring."""
        tick = self._ticker.next(self._clock.monotonic_ns())
        self._overruns += tick.missed
        if not self._wait_until(tick.deadline_ns):
            return
        late_ns = max(0, self._clock.monotonic_ns() - tick.deadline_ns)
        self._read_meters(tick, lateness_us=late_ns // NS_PER_US)
        self._report.tick(lateness_us=late_ns // NS_PER_US, missed=tick.missed)
        failing = ", ".join(sorted(self._failing))
        self._notify.ready(f"failing: {failing}" if failing else "sampling")

    def _read_meters(self, tick: Tick, *, lateness_us: int) -> None:
        """Read the living, then the silent whose turn it is until one is silent again.

        So a tick is at most one time-out longer than the living need, however many
        of the others are dead. Who has waited longest comes first.
        """
        due = [meter for meter in self._meters if meter.schedule.is_due(tick.number)]
        due.sort(key=lambda meter: (meter.patience.failures > 0, meter.patience.due_ns))
        if not due:
            self._ring.beat()
        is_spent = False
        for meter in due:
            was_silent = meter.patience.failures > 0
            now_ns = self._clock.monotonic_ns()
            waits = was_silent and (is_spent or meter.patience.due_ns > now_ns)
            take = meter.skip if waits else meter.read
            outcome = take(tick, lateness_us=lateness_us, overruns=self._overruns)
            if self._stop.requested:
                return  # the end cut this reading short: it says nothing of the meter
            is_spent |= not waits and meter.patience.failures > 0
            self._keep(meter, outcome)

    def _keep(self, meter: Meter, outcome: Outcome) -> None:
        """Write the sample, and beat: who waits for it wakes, and we are seen to live."""
        self._ring.write(outcome.sample)
        self._ring.beat()
        self._notify.alive()
        self._report.outcome(meter, outcome)
        change = self._failing.add if outcome.fault else self._failing.discard
        change(meter.table.name)

    def _wait_until(self, deadline_ns: int) -> bool:
        """Wait for the tick, beating: a slow rate must not make the writer look dead.

        False if a stop came first.
        """
        while not self._stop.requested:
            now_ns = self._clock.monotonic_ns()
            if now_ns >= deadline_ns:
                return True
            until_ns = min(deadline_ns, now_ns + NS_PER_S)
            if self._slack:
                self._slack.use(until_ns, deadline_ns=deadline_ns)
            else:
                self._clock.wait_until(until_ns)
            if self._clock.monotonic_ns() < deadline_ns:
                self._ring.beat()  # else the tick's samples do: a beat wakes readers
            self._notify.alive()
        return False

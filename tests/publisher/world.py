# SPDX-License-Identifier: Apache-2.0
"""A publisher's loop in a world where time passes only while it waits."""

import math
import selectors
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from ipc.config import PublishTable
from ipc.liveness import WriterState
from ipc.notify import Notify
from ipc.sample import Quality
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from publisher.announcer import KeyAnnouncer
from publisher.handover import Handover
from publisher.loop import Loop
from publisher.requests import Request
from tests.fakes import FakeBroker, FakeClock, FakeLog, FakeRing, sample_of
from tests.publisher.office import Office
from tests.publisher.parts import (
    Unwatched,
    everest_of,
    feed_of,
    meter_of,
    report_of,
)

NOON_NS = 1_787_306_400 * NS_PER_S
KEY = "3059301306072A86"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message and the time (CLOCK_MONOTONIC) at which it was handed over."""

    at_ns: int
    topic: str
    payload: bytes
    qos: int
    connected: bool

    @property
    def document(self):
        return msgspec.json.decode(self.payload)

    @property
    def wall_ns(self) -> int:
        """When its last sample was measured, from its time stamp."""
        since = datetime.fromisoformat(
            self.document["timestamp"]
        ) - datetime.fromisoformat("1970-01-01T00:00:00Z")
        return since // timedelta(milliseconds=1) * NS_PER_MS


class TimedBroker(FakeBroker):
    def __init__(self, clock: FakeClock):
        super().__init__()
        self._clock = clock
        self.sent: list[Sent] = []

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, **_: object) -> bool:
        self.sent.append(
            Sent(
                at_ns=self._clock.mono_ns,
                topic=topic,
                payload=payload,
                qos=qos,
                connected=self.connected,
            )
        )
        return self.connected


class FakeWake:
    def fileno(self) -> int:
        raise AssertionError("the world is its own selector")

    def clear(self) -> None: ...


class World(selectors.BaseSelector):
    """A sampler that writes while the loop waits, and the loop's selector itself.

    quality   of the samples it writes; None: the sampler is dead
    wakes     whether the loop hears of it when a sample is written
    power_w   gives a sample's power from its number
    office    of a clerk that signs for the meter; its clock is the world's
    """

    def __init__(
        self,
        *,
        period_s: float = 0.1,
        start_s: float = 0.02,
        wakes: bool = True,
        power_w: Callable[[int], float] = float,
        office: Office | None = None,
        **publish: object,
    ) -> None:
        self.clock = office.clock if office is not None else FakeClock()
        self.clock.mono_ns = 5 * NS_PER_S
        self.clock.wall_at_zero_ns = NOON_NS - 5 * NS_PER_S + round(start_s * NS_PER_S)
        self.ring = FakeRing()
        self.broker = TimedBroker(self.clock)
        self.log = FakeLog()
        self.stop = Stop()
        self.quality: Quality | None = Quality.GOOD
        self.has_energy = True
        self.steps = 0
        self.written = []
        self.wake = FakeWake()
        self._wakes = wakes
        self._power_w = power_w
        self._period_ns = round(period_s * NS_PER_S)
        self._next_ns = self.clock.mono_ns
        self.meter = meter_of(**publish)
        self.feed = feed_of(self.meter, ring=self.ring, clock=self.clock, log=self.log)
        self.everest = everest_of(self.meter, clock=self.clock, log=self.log)
        report = report_of(self.clock, self.log)
        self.transactions = Handover(office and office.clerk, report=report)
        keys = {} if office is None else {self.meter.table.name: KEY}
        topics = {self.meter.table.name: self.meter.topics.public_key}
        self.loop = Loop(
            PublishTable(**publish),
            feeds=[self.feed],
            broker=self.broker,
            everest=self.everest,
            transactions=self.transactions,
            announcer=KeyAnnouncer(topics, keys=lambda: keys, clock=self.clock),
            selector=self,
            wake=self.wake,
            report=report,
            status=Unwatched(),
            notify=Notify({}, clock=self.clock),
            clock=self.clock,
            stop=self.stop,
        )

    def run(self, seconds: float) -> None:
        """Let time pass; it goes on at the next step's end."""
        end_ns = self.clock.mono_ns + round(seconds * NS_PER_S)
        while self.clock.mono_ns < end_ns:
            self.loop.step()
            self.steps += 1

    def ask(self, content, reply_to: str) -> None:
        """Let EVerest ask something of the meter now."""
        asked = Request(content=content, reply_to=reply_to)
        name, now_ns = self.meter.table.name, self.clock.monotonic_ns()
        self.transactions.ask(name, asked, now_ns, self.broker)

    def on(self, topic: str) -> list[Sent]:
        return [one for one in self.broker.sent if one.topic == topic]

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back."""
        self.clock.wall_at_zero_ns += round(seconds * NS_PER_S)

    def select(self, timeout=None):
        """Sleep as epoll does, in whole milliseconds, and sample meanwhile."""
        assert timeout is not None
        end_ns = self.clock.mono_ns + math.ceil(timeout * 1000) * NS_PER_MS
        while self._next_ns <= end_ns:
            self.clock.mono_ns = max(self.clock.mono_ns, self._next_ns)
            self._sample()
            self._next_ns += self._period_ns
            if self._wakes and self.quality is not None:
                key = selectors.SelectorKey(self.wake, 0, selectors.EVENT_READ, None)
                return [(key, selectors.EVENT_READ)]
        self.clock.mono_ns = end_ns
        return []

    def register(self, fileobj, *_):
        assert fileobj in (self.stop, self.wake)

    def unregister(self, fileobj): ...

    def get_map(self): ...

    def close(self):
        self.stop.close()

    def _sample(self) -> None:
        """Each sample has an energy of its own, by which a value can be told."""
        if self.quality is None:
            self.ring.state = WriterState.DEAD
            return
        self.ring.state = WriterState.RUNNING
        tick = len(self.written)
        energy = {"energy_import_mwh": 1000 * tick} if self.has_energy else {}
        sample = sample_of(
            quality=self.quality,
            tick=tick,
            wall_ns=self.clock.wall_ns(),
            mono_ns=self.clock.monotonic_ns(),
            power_w=self._power_w(tick),
            **energy,
        )
        self.written.append(sample)
        self.ring.write(sample)

    @property
    def values(self) -> list[Sent]:
        return self.on(self.meter.topics.powermeter_values)

    @property
    def checks(self) -> list[Sent]:
        return self.on(self.meter.topics.communication_check)

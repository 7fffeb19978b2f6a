# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for the world at its edges: time, a wire, a broker, a log."""

from collections.abc import Callable, Iterable
from typing import Any

from ipc.liveness import WriterState
from ipc.sample import ABSENT, QUANTITIES, PhaseSequence, Quality, Quantity, Sample
from ipc.stop import Stop
from sampler.bus import Fault
from sampler.plan import Block


class FakeClock:
    """Time stands still until somebody waits, or the test moves it."""

    def __init__(self, *, mono_ns: int = 0, wall_ns: int = 1_787_306_400_000_000_000):
        self.mono_ns = mono_ns
        self.wall_at_zero_ns = wall_ns - mono_ns
        self.oversleep_ns = 0

    def monotonic_ns(self) -> int:
        return self.mono_ns

    def wall_ns(self) -> int:
        return self.wall_at_zero_ns + self.mono_ns

    def wait_until(self, deadline_ns: int) -> None:
        self.mono_ns = max(self.mono_ns, deadline_ns + self.oversleep_ns)

    def advance(self, seconds: float) -> None:
        self.mono_ns += round(seconds * 1e9)


class FakeBus:
    """A wire on which each read takes its time and gives what the test says."""

    def __init__(self, clock: FakeClock, answer: Callable[[int, Block], bytes | Fault]):
        self.reads: list[tuple[int, Block]] = []
        self.read_s = 0.01
        self._clock = clock
        self._answer = answer

    def read(self, unit_id: int, block: Block) -> bytes | Fault:
        self.reads.append((unit_id, block))
        self._clock.advance(self.read_s)
        return self._answer(unit_id, block)


class FakeRing:
    """Both ends of a ring: a list."""

    def __init__(self, samples: Iterable[Sample] = ()):
        self.samples = list(samples)
        self.beats = 0
        self.lapped = 0
        self.reason: str | None = None
        self.state = WriterState.RUNNING

    def write(self, sample: Sample) -> int:
        self.samples.append(sample)
        return len(self.samples)

    def beat(self) -> None:
        self.beats += 1

    def read(self) -> list[Sample]:
        taken, self.samples = self.samples, []
        return taken

    def writer(self) -> WriterState:
        return self.state


class FakeBroker:
    """A broker's end of the line: keeps what was published."""

    def __init__(self, *, connected: bool = True):
        self.connected = connected
        self.connections = 1
        self.sessions = 1
        self.deaf = ""
        self.due_ns = 2**62
        self.messages: list[tuple[str, bytes, int]] = []
        self.retained: dict[str, bytes] = {}
        self.is_full = False
        self.untaken: list[Callable[[], None]] = []

    def service(self, events: int) -> None:
        assert events == 0

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        on_taken: Callable[[], None] | None = None,
    ) -> bool:
        self.messages.append((topic, payload, qos))
        if self.is_full:
            return False
        if retain:
            self.retained[topic] = payload
        if on_taken is not None:
            self.untaken.append(on_taken)
        return self.connected

    def take_all(self) -> None:
        """Acknowledge what is to be acknowledged."""
        while self.untaken:
            self.untaken.pop(0)()

    def on(self, topic: str) -> list[bytes]:
        return [payload for sent_to, payload, _ in self.messages if sent_to == topic]


class FakeLog:
    """Keeps the lines: (level, event, fields)."""

    def __init__(self):
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def __getattr__(self, level: str) -> Callable[..., None]:
        def write(event: str, **fields: Any) -> None:
            self.lines.append((level, event, fields))

        return write

    def bind(self, **_: Any) -> "FakeLog":
        return self

    def events(self) -> list[str]:
        return [event for _, event, _ in self.lines]

    def fields_of(self, event: str) -> dict[str, Any]:
        return next(fields for _, name, fields in self.lines if name == event)


class StopAfter(Stop):
    """Requests the stop itself once it has been asked `looks` times."""

    def __init__(self, looks: int):
        self._looks = looks
        super().__init__()

    @property
    def requested(self) -> bool:
        self._looks -= 1
        return self._looks < 0

    @requested.setter
    def requested(self, value: bool) -> None:
        self._looks = 0 if value else self._looks


def sample_of(
    *,
    meter: int = 0,
    quality: Quality = Quality.GOOD,
    phase_sequence: PhaseSequence = PhaseSequence.UNKNOWN,
    tick: int = 0,
    wall_ns: int = 1_787_306_400_000_000_000,
    mono_ns: int = 0,
    **values: float,
) -> Sample:
    """Make a sample with the named quantities, all others absent."""
    filled = list(ABSENT)
    for name, value in values.items():
        filled[QUANTITIES.index(Quantity(name))] = value
    return Sample(
        meter,
        int(quality),
        int(phase_sequence),
        tick,
        wall_ns,
        mono_ns,
        0,
        0,
        0,
        0,
        *filled,
    )

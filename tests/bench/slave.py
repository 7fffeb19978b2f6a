# SPDX-License-Identifier: Apache-2.0
"""A paced meter in a process of its own, which also measures the reader's silence.

`python -m tests.bench.slave MODEL BAUDRATE PACE` prints the path of its terminal,
serves until its standard input ends, and then prints what it measured as JSON.
"""

import contextlib
import select
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from ipc.clock import NS_PER_US, SystemClock
from ipc.stop import Stop
from sampler.simulator import registry
from sampler.simulator.meter import Meter
from sampler.simulator.server import Server
from sampler.simulator.wire import Line

SPIN_NS = 200 * NS_PER_US

ROOT = Path(__file__).parents[2]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What the slave saw.

    silences_ns  before each request but the first, from the last bit of the answer
                 before; no less than required_ns: 3.5 characters, or 1.75 ms above
                 19200 baud
    ended_ns     when the last bit of each answer had passed, CLOCK_MONOTONIC
    """

    required_ns: int
    silences_ns: list[int]
    ended_ns: list[int]


class PunctualClock(SystemClock):
    """Wakes early and spins the rest: the meter of a bench must not be late itself."""

    def wait_until(self, deadline_ns):
        super().wait_until(deadline_ns - SPIN_NS)
        while self.monotonic_ns() < deadline_ns:
            pass


class CharacterLine(Line, frozen=True, kw_only=True):
    """Hands an answer on character by character, as a UART without a FIFO does."""

    def pieces(self, answer):
        return [
            (self.duration_ns(end), answer[end - 1 : end])
            for end in range(1, len(answer) + 1)
        ]


class NotingServer(Server):
    """Notes when an answer has ended, and otherwise leaves the processor to others."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.silences_ns = []
        self.ended_ns = []

    def _send(self, answer, *, begin_ns):
        super()._send(answer, begin_ns=begin_ns)
        # The moment of the wire, not that of our waking: the reader may have both.
        self.ended_ns.append(begin_ns + self._line.duration_ns(len(answer)))


class WatchingServer(NotingServer):
    """Notes when a request begins as well, for which it must not sleep."""

    def _read(self, *, until_ns):
        is_next = until_ns is None and self.ended_ns
        if is_next:
            self._spin()
        chunk = super()._read(until_ns=until_ns)
        if is_next and chunk:
            self.silences_ns.append(self._clock.monotonic_ns() - self.ended_ns[-1])
        return chunk

    def _spin(self):
        """Look for the next request without sleep, as long as it can be near."""
        until_ns = self.ended_ns[-1] + 3 * self._line.silence_ns
        while self._clock.monotonic_ns() < until_ns:
            if select.select([self._master], [], [], 0)[0]:
                return


def main():
    _, model, baudrate, pace = sys.argv
    meter = Meter(registry.find(model))
    make_line, make_server = {
        "characters": (CharacterLine, WatchingServer),
        "pieces": (Line, NotingServer),
    }[pace]
    line = make_line(baudrate=int(baudrate))
    stop = Stop()
    clock = PunctualClock(stop)
    with make_server([meter], line=line, clock=clock, stop=stop) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        print(server.path, flush=True)
        sys.stdin.read()
        stop.request()
        thread.join()
    measured = Measured(
        required_ns=line.silence_ns,
        silences_ns=server.silences_ns,
        ended_ns=server.ended_ns,
    )
    print(msgspec.json.encode(measured).decode())


class Slave:
    """The parent's end of it."""

    def __init__(self, process, path):
        self.path = path
        self._process = process

    def finish(self):
        """End it and give what it measured."""
        answer, _ = self._process.communicate(timeout=10)
        return msgspec.json.decode(answer, type=Measured)


@contextlib.contextmanager
def running(baudrate, *, model="eastron_sdm630", pace="characters"):
    """Have a slave for as long as the block lasts.

    pace  "characters", one by one, and each silence is measured, which keeps a
          processor busy; or "pieces" of 2 ms, as a UART's FIFO hands them on
    """
    command = [sys.executable, "-m", "tests.bench.slave", model, str(baudrate), pace]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Slave(process, process.stdout.readline().strip())
        finally:
            process.kill()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""A paced meter in a process of its own, which also measures the reader's silence.

`python -m tests.bench.slave BAUDRATE PACE` prints the path of its terminal, serves until
its standard input ends, and then prints what it measured as JSON.
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
from sampler.simulator.eastron_sdm630 import MODEL
from sampler.simulator.meter import Meter
from sampler.simulator.server import Server
from sampler.simulator.wire import Line

SPIN_NS = 200 * NS_PER_US

ROOT = Path(__file__).parents[2]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Silence before each request but the first, as the slave saw it.

    It is counted from the last bit of the answer before; it should be required_ns:
    3.5 characters, or 1.75 ms above 19200 baud.
    """

    required_ns: int
    silences_ns: list[int]


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


class MeasuringServer(Server):
    """Notes when a request begins and when an answer has ended."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.silences_ns = []
        self._ended_ns = None

    def _read(self, *, until_ns):
        if until_ns is None and self._ended_ns is not None:
            self._spin()
        chunk = super()._read(until_ns=until_ns)
        if until_ns is None and chunk and self._ended_ns is not None:
            self.silences_ns.append(self._clock.monotonic_ns() - self._ended_ns)
        return chunk

    def _spin(self):
        """Look for the next request without sleep, as long as it can be near."""
        until_ns = self._ended_ns + 3 * self._line.silence_ns
        while self._clock.monotonic_ns() < until_ns:
            if select.select([self._master], [], [], 0)[0]:
                return

    def _send(self, answer, *, begin_ns):
        super()._send(answer, begin_ns=begin_ns)
        # The moment of the wire, not that of our waking: the reader may have both.
        self._ended_ns = begin_ns + self._line.duration_ns(len(answer))


def main():
    line = (CharacterLine if sys.argv[2] == "characters" else Line)(
        baudrate=int(sys.argv[1])
    )
    stop = Stop()
    clock = PunctualClock(stop)
    with MeasuringServer([Meter(MODEL)], line=line, clock=clock, stop=stop) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        print(server.path, flush=True)
        sys.stdin.read()
        stop.request()
        thread.join()
    measured = Measured(required_ns=line.silence_ns, silences_ns=server.silences_ns)
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
def running(baudrate, *, pace="characters"):
    """Have a slave for as long as the block lasts; pace: characters or pieces."""
    command = [sys.executable, "-m", "tests.bench.slave", str(baudrate), pace]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Slave(process, process.stdout.readline().strip())
        finally:
            process.kill()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""A paced meter that notes when its answers have ended, and otherwise sleeps.

`python -m tests.bench.calm_slave MODEL BAUDRATE` prints the path of its terminal,
serves until its standard input ends, and then prints those times as JSON. Unlike
tests/bench/slave.py it does not look for the next request without sleep: that would
keep a processor from the very processes that are measured.
"""

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from ipc.stop import Stop
from sampler.simulator import registry
from sampler.simulator.meter import Meter
from sampler.simulator.server import Server
from sampler.simulator.wire import Line
from tests.bench.slave import PunctualClock

ROOT = Path(__file__).parents[2]


class NotingServer(Server):
    """Notes when the last bit of each answer had passed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.ended_ns = []

    def _send(self, answer, *, begin_ns):
        super()._send(answer, begin_ns=begin_ns)
        self.ended_ns.append(begin_ns + self._line.duration_ns(len(answer)))


def main():
    _, model, baudrate = sys.argv
    stop = Stop()
    line = Line(baudrate=int(baudrate))
    clock = PunctualClock(stop)
    meter = Meter(registry.find(model))
    with NotingServer([meter], line=line, clock=clock, stop=stop) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        print(server.path, flush=True)
        sys.stdin.read()
        stop.request()
        thread.join()
    print(msgspec.json.encode(server.ended_ns).decode())


@contextlib.contextmanager
def running(baudrate, *, model="eastron_sdm630"):
    """Have one; give its terminal's path, and a function that ends it."""
    command = [sys.executable, "-m", "tests.bench.calm_slave", model, str(baudrate)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def finish():
            answer, _ = process.communicate(timeout=10)
            return msgspec.json.decode(answer, type=list[int])

        try:
            yield process.stdout.readline().strip(), finish
        finally:
            process.kill()


if __name__ == "__main__":
    main()

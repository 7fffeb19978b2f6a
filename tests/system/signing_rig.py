# SPDX-License-Identifier: Apache-2.0
"""A meter that signs, the sampler that reads it, and the publisher's end of both ways.

The sampler is a process; the meter is simulated in a thread, so that a test can reach
into it.
"""

import contextlib
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from deploy.demo.parts import ROOT
from ipc.channel import ChannelClient
from ipc.clock import SystemClock
from ipc.commands import Command, Outcome
from ipc.config import Parity
from ipc.sample import Sample
from ipc.shm import SegmentReader
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from sampler.simulator.meter import Meter
from sampler.simulator.model import Model
from sampler.simulator.server import Server
from sampler.simulator.wire import Line

CONFIG = """
[[bus]]
name = "bus"
port = "{port}"
baudrate = {baudrate}
parity = "{parity}"
rate_hz = {rate_hz}

[[bus.meter]]
name = "charger"
model = "{model}"
unit_id = 1
module_id = "pm"
signing = "meter"

[ring]
directory = "{directory}"

[log]
format = "json"
"""


class Rig:
    """Both ends, and the sampler between them."""

    def __init__(self, directory: Path, meter: Meter, config: Path) -> None:
        self.meter = meter
        self._config = config
        self._stop = Stop()
        self.clock = SystemClock(self._stop)
        self.client = ChannelClient(directory / "bus.sock", self.clock)
        self.reader = SegmentReader(directory / "bus.ring", clock=self.clock)
        self.samples: list[Sample] = []
        self.start()

    def start(self) -> None:
        """Start the sampler; it is up once it has taken a sample."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sampler", "run", str(self._config)],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        seen = len(self.samples)
        while len(self.samples) == seen:
            self.wait(0.01)

    def kill(self) -> None:
        """End the sampler without any notice."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def wait(self, seconds: float) -> None:
        """Let time pass; keep the samples that come."""
        self.clock.wait_until(self.clock.monotonic_ns() + round(seconds * NS_PER_S))
        self.samples += self.reader.read()

    def do(self, command: Command, timeout_s: float = 30.0) -> Outcome:
        """Have a verb done, as the publisher would; give how it ended."""
        number = self.client.call("charger", command, timeout_s)
        while not (answers := self.client.service()):
            self.samples += self.reader.read()
            watched = [fd for fd in [self.client.fileno()] if fd is not None]
            select.select(watched, [], [], 20 * NS_PER_MS / NS_PER_S)
        [answer] = answers
        assert answer.number == number
        return answer.outcome

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self.client.close()
        self.reader.close()
        self._stop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def running(
    directory: Path, model: Model, *, baudrate: int = 115_200, rate_hz: float = 5.0
) -> Iterator[Rig]:
    """Have it all, for as long as the block lasts."""
    parity = Parity.EVEN if model.name.startswith("bauer") else Parity.NONE
    stop = Stop()
    meter = Meter(model)
    line = Line(baudrate=baudrate, parity=parity)
    with Server([meter], line=line, clock=SystemClock(stop), stop=stop) as server:
        config = directory / "config.toml"
        config.write_text(
            CONFIG.format(
                directory=directory,
                port=server.path,
                baudrate=baudrate,
                parity=parity.value,
                rate_hz=rate_hz,
                model=model.name,
            )
        )
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            with Rig(directory, meter, config) as rig:
                yield rig
        finally:
            stop.request()
            thread.join()
    stop.close()

# SPDX-License-Identifier: Apache-2.0
"""A charger whose publisher dies, and EVerest's end that asks again without an answer.

The publisher and the broker are real processes. The sampler is this one: it writes
the ring, so that the meter counts on whatever dies.
"""

import os
import signal
import sys
from pathlib import Path

import msgspec

from deploy.demo.broker import Broker
from deploy.demo.everest import Settings
from deploy.demo.parts import Part
from deploy.demo.stand_in import StandIn
from ipc.clock import SystemClock
from ipc.shm import SegmentWriter
from ipc.stop import Stop
from ipc.units import NS_PER_S
from publisher.entry import Entry
from publisher.journal import read_only
from tests.fakes import sample_of
from tests.system.test_chain import START

CONFIG = """
[[bus]]
name = "bus"
port = "/dev/null"
rate_hz = 50

[[bus.meter]]
name = "charger"
model = "m"
unit_id = 1
module_id = "pm_1"
signing = "gateway"
serial = "S1"
energy_decimals = 6

[signing]
key_file = "{key}"
reply_s = 10

[journal]
path = "{directory}/journal.db"

[mqtt]
host = "{broker.host}"
port = {broker.port}
protocol = "{broker.protocol}"
client_id = "{name}"

[publish]
check_period_s = 0.2
fresh_s = 1.0

[ring]
directory = "{directory}"
"""

MOST_ATTEMPTS = 200


class Charger:
    """Use it in a `with`. `deaths` counts how often its publisher was found dead.

    fate     gives the step at which the next publisher is killed; 0: it lives
    is_fine  whether each opcode of SQLite is a step
    """

    def __init__(
        self, directory: Path, broker: Broker, key: Path, fate, *, is_fine: bool = False
    ) -> None:
        directory.mkdir()
        self._broker = broker
        self._environment = ["POWERMETER_FINE=1"] if is_fine else []
        self._environment += [
            f"POWERMETER_STEPS={directory}/steps",
            f"POWERMETER_WALL={directory}/wall",
        ]
        self.directory = directory
        self.deaths = 0
        self.wall_s = 0
        self._fate = fate
        self._config = directory / "config.toml"
        self._config.write_text(
            CONFIG.format(
                key=key, directory=directory, broker=broker, name=directory.name
            )
        )
        self._stop = Stop()
        self._clock = SystemClock(self._stop)
        self._ring = SegmentWriter.open(
            directory / "bus.ring", capacity=256, clock=self._clock
        )
        self._next_ns = 0
        self._energy_mwh = 1_000_000
        self._kills_broker = False
        self.set_wall(0)
        self.everest = self._connect()
        self._publisher = self._start()
        # Before it has subscribed once, there is no session that would keep a request.
        self.run_until(lambda: self.everest.everest.supervision.messages > 0)

    def set_wall(self, ahead_s: int) -> None:
        """Set the machine's wall clock, which every process sees."""
        self.wall_s = ahead_s
        (self.directory / "wall").write_text(str(ahead_s))

    def start(self, name: str) -> dict:
        """Ask for a start until it is OK."""
        request = {**START, "transaction_id": name}
        return self._insist(lambda: self.everest.start_transaction(request))

    def stop(self, name: str) -> dict:
        """Ask for a stop until it is OK."""
        return self._insist(lambda: self.everest.stop_transaction(name))

    def kill(self) -> None:
        """End the publisher as a crash does, and start the next."""
        self._publisher.end()
        self._start_anew()

    def kill_broker(self) -> None:
        """Kill the broker as soon as the next request has reached it.

        EVerest ends with it and comes back with it, as it does in the field.
        """
        self._kills_broker = True

    @property
    def steps(self) -> int:
        """How many steps the last publisher has done."""
        return int((self.directory / "steps").read_text())

    def entries(self) -> list[Entry]:
        with read_only(self.directory / "journal.db") as look:
            return list(look())

    def run_until(self, condition) -> None:
        """Let time pass until the condition holds."""
        end_ns = self._clock.monotonic_ns() + 20 * NS_PER_S
        while not condition():
            assert self._clock.monotonic_ns() < end_ns, self._publisher.last_lines(10)
            self._step()

    def close(self) -> None:
        self._publisher.end()
        self.everest.close()
        self._ring.close()
        self._stop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _insist(self, ask) -> dict:
        """Ask again what has no answer, and what waited while nobody was there."""
        for _ in range(MOST_ATTEMPTS):
            call, deaths = ask(), self.deaths
            while not call.done:
                self._step()
                call.timed_out = self.deaths > deaths
                if self._kills_broker:
                    self._kills_broker = False
                    self._replace_broker()
                    call.timed_out = not call.done
            reply = call.reply
            if reply is not None and reply["status"] == "OK":
                return reply
            assert reply is None or "waited" in reply["error"], reply
        raise AssertionError("never answered")

    def _replace_broker(self) -> None:
        """Kill it, start another, and wait until the publisher has found it."""
        os.kill(self._broker.part.pid, signal.SIGKILL)
        self._broker.part.end()
        self._broker.start()
        self.everest.close()
        self.everest = self._connect()
        self.run_until(lambda: self.everest.everest.supervision.messages > 0)

    def _connect(self) -> StandIn:
        settings = Settings(reply_timeout_s=30.0)
        stand_in = StandIn(settings, clock=self._clock, stop=self._stop)
        broker = self._broker
        return stand_in.connect(broker.host, broker.port, broker.protocol)

    def _step(self) -> None:
        if not self._publisher.alive:
            self.deaths += 1
            self._start_anew()
        self._sample()
        self.everest.step(0.005)

    def _sample(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + NS_PER_S // 50
        self._energy_mwh += 1000
        wall_ns = self._clock.wall_ns() + self.wall_s * NS_PER_S
        energy = {"energy_import_mwh": self._energy_mwh}
        self._ring.write(sample_of(wall_ns=wall_ns, mono_ns=now_ns, **energy))
        self._ring.beat()

    def _start_anew(self) -> None:
        self._publisher = self._start()

    def _start(self) -> Part:
        command = [sys.executable, "-m", "tests.system.doomed", str(self._fate())]
        return Part(
            "publisher",
            ["env", *self._environment, *command, "run", str(self._config)],
            self.directory / "publisher.log",
        )


def record_of(reply: dict) -> str:
    text: str = reply["signed_meter_value"]["signed_meter_data"]
    return text


def payload_of(text: str) -> dict:
    document: dict = msgspec.json.decode(text.split("|")[1])
    return document

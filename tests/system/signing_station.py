# SPDX-License-Identifier: Apache-2.0
"""A charging station with a meter that signs: every process real, the meter in reach.

EVerest's stand-in, a broker, the publisher and the sampler are processes or ends of
their own; the meter is simulated in a thread, so that a test can take its power away,
or the charger's, in the middle of any verb.
"""

import contextlib
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.demo.broker import Broker
from deploy.demo.everest import Settings
from deploy.demo.parts import Part, Parts
from deploy.demo.stand_in import StandIn
from ipc.clock import SystemClock
from ipc.stop import Stop
from publisher.signing.entry import MeterEntry, read
from publisher.signing.statements import ALL
from sampler.simulator.model import Model
from sampler.simulator.server import Server
from sampler.simulator.wire import Line
from tests.sampler.simulator.signing.host import openssl_verifies
from tests.system.broker import running_broker
from tests.system.tamed import Tamed

CONFIG = """
[[bus]]
name = "bus"
port = "{port}"
baudrate = 115200
rate_hz = 5
timeout_s = 0.1

[[bus.meter]]
name = "charger"
model = "{model}"
unit_id = 1
module_id = "pm_1"
signing = "meter"

[signing]
reply_s = {reply_s}

[journal]
path = "{directory}/journal.db"

[mqtt]
host = "{broker.host}"
port = {broker.port}
protocol = "{broker.protocol}"

[publish]
check_period_s = 0.2
fresh_s = 1.0

[ring]
directory = "{directory}"
"""

START = {
    "evse_id": "DE*PNX*E1",
    "identification_status": "ASSIGNED",
    "identification_level": "VERIFIED",
    "identification_flags": ["OCPP_AUTH"],
    "identification_type": "ISO14443",
    "identification_data": "1F2D3A4F",
    "tariff_text": "0,50 EUR/kWh",
}
PATIENCE_S = 40.0


class SigningStation:
    """What running() gives; `meter` may be exchanged."""

    def __init__(
        self,
        directory: Path,
        broker: Broker,
        parts: Parts,
        server: Server,
        meter: Tamed,
    ) -> None:
        self.meter = meter
        self._directory = directory
        self._parts = parts
        self._server = server
        self._running: dict[str, Part] = {}
        self._is_killed = False
        self._stop = Stop()
        self._clock = SystemClock(self._stop)
        self._broker = broker
        self.everest = self._connect()

    def plug(self, meter: Tamed) -> None:
        """Put another meter on the line."""
        self.meter = meter
        self._server._meters = [meter]

    # The charger's processes.

    def start_charger(self) -> None:
        """Start both, and wait until all is well."""
        self.start_sampler()
        self.start_publisher()

    def start_sampler(self) -> None:
        self._start("sampler")

    def start_publisher(self) -> None:
        self._start("publisher")

    def is_well(self) -> bool:
        """Whether EVerest has been told lately that the whole chain is good."""
        seen = self.everest.everest.supervision.messages
        self.everest.run_for(1.0)
        return self.everest.everest.supervision.messages > seen

    def until_well(self) -> None:
        supervision = self.everest.everest.supervision
        seen = supervision.messages
        self.until(lambda: supervision.messages > seen, "checks")

    def kill(self, *names: str) -> None:
        """Kill processes, all of them if none is named, as a power cut does."""
        self._is_killed = not names
        for name in names or ("sampler", "publisher"):
            self._running[name]._signal(signal.SIGKILL)

    def until_sprung(self) -> None:
        """Wait until the deed is done."""
        self.until(lambda: self.meter.is_sprung, "the trap at work")

    def until_well_or_waiting(self) -> None:
        """Wait a moment for all to be well; a request finds out if it is not."""
        supervision = self.everest.everest.supervision
        seen = supervision.messages
        self.everest.run_until(lambda: supervision.messages > seen, timeout_s=5.0)

    def revive(self) -> None:
        """Start what was killed and not started again yet, if anything was."""
        if self._is_killed:
            self.restart()

    def kill_and_restart(self, *, is_journal_lost: bool = False) -> None:
        self.kill()
        self.restart(is_journal_lost=is_journal_lost)

    def restart(self, *, is_journal_lost: bool = False) -> None:
        """Give the charger its power back, and EVerest, which lives in it, too."""
        for part in self._running.values():
            assert part.ends_within(10)
        self._is_killed = False
        if is_journal_lost:
            for path in self._directory.glob("journal.db*"):
                path.unlink()
        self.everest.close()
        self.everest = self._connect()
        self.start_charger()

    # EVerest.

    def start(self, name: str) -> dict:
        return self._ask(lambda: self._start_call(name))

    def stop(self, name: str) -> dict:
        return self._ask(lambda: self.everest.stop_transaction(name))

    def insist_on_start(self, name: str) -> dict:
        """Ask again whenever the charger has died, until there is an answer."""
        return self._insist(lambda: self._start_call(name))

    def insist_on_stop(self, name: str) -> dict:
        return self._insist(lambda: self.everest.stop_transaction(name))

    def until(self, condition: Callable[[], bool], what: str) -> None:
        if not self.everest.run_until(condition, timeout_s=PATIENCE_S):
            words = {name: part.last_lines(8) for name, part in self._running.items()}
            raise AssertionError(f"not seen: {what}; last words: {words}")

    def verified(self, reply: dict) -> str:
        """Give the record in a reply, which another verifier has accepted."""
        value = reply["signed_meter_value"]
        record, key = value["signed_meter_data"], bytes.fromhex(value["public_key"])
        assert openssl_verifies(self._directory, record, key)
        if start := reply.get("start_signed_meter_value"):
            assert openssl_verifies(self._directory, start["signed_meter_data"], key)
        return record

    # The journal.

    def entries(self) -> dict[str, MeterEntry]:
        """Give what it holds, by the transaction's id."""
        path = (self._directory / "journal.db").as_uri()
        with contextlib.closing(
            sqlite3.connect(f"{path}?mode=ro", uri=True)
        ) as connection:
            found = [read(row) for row in connection.execute(ALL)]
        return {entry.transaction_id: entry for entry in found}

    def until_settled(self) -> None:
        """Wait until nothing is open, and the meter has let go of every record."""

        def is_settled() -> bool:
            return all(
                entry.ended_ns is not None
                and (entry.record is None or entry.confirmed_ns is not None)
                for entry in self.entries().values()
            )

        self.until(is_settled, "everything ended and confirmed")

    def close(self) -> None:
        self.everest.close()
        self._stop.close()

    def _start_call(self, name: str):
        return self.everest.start_transaction({**START, "transaction_id": name})

    def _ask(self, ask) -> dict:
        call = ask()
        self.until(lambda: call.done, "a reply")
        return call.reply

    def _insist(self, ask) -> dict:
        call = ask()
        while not call.done:
            self.everest.step()
            if self._is_dead():
                self.restart()
                self.until_well_or_waiting()
                call = ask()
        return call.reply

    def _connect(self) -> StandIn:
        settings = Settings(check_timeout_s=3.0, reply_timeout_s=PATIENCE_S)
        everest = StandIn(settings, clock=self._clock, stop=self._stop)
        broker = self._broker
        return everest.connect(broker.host, broker.port, broker.protocol)

    def _is_dead(self) -> bool:
        return not all(part.alive for part in self._running.values())

    def _start(self, name: str) -> None:
        config = str(self._directory / "config.toml")
        command = [sys.executable, "-m", name, "run", config]
        self._running[name] = self._parts.start(name, command)


@contextlib.contextmanager
def running(
    directory: Path, model: Model, *, reply_s: float = 20.0, is_started: bool = True
) -> Iterator[SigningStation]:
    """Have it all, for as long as the block lasts."""
    with contextlib.ExitStack() as closing:
        broker = closing.enter_context(running_broker(directory))
        stop = Stop()
        closing.callback(stop.close)
        meter, line = Tamed(model), Line(baudrate=115_200)
        server = closing.enter_context(
            Server([meter], line=line, clock=SystemClock(stop), stop=stop)
        )
        (directory / "config.toml").write_text(
            CONFIG.format(
                directory=directory,
                broker=broker,
                port=server.path,
                model=model.name,
                reply_s=reply_s,
            )
        )
        thread = threading.Thread(target=server.serve)
        thread.start()
        closing.callback(thread.join)
        closing.callback(stop.request)
        parts = closing.enter_context(Parts(directory))
        station = SigningStation(directory, broker, parts, server, meter)
        closing.callback(station.close)
        if is_started:
            station.start_charger()
            station.until_well()
        yield station

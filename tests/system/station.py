# SPDX-License-Identifier: Apache-2.0
"""A charging station for a test: broker, meter, sampler, publisher, EVerest's end.

Every process is real. A test starts, kills and restarts them by name.
"""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.demo.broker import Broker
from deploy.demo.everest import Settings
from deploy.demo.parts import Part, Parts
from deploy.demo.stand_in import StandIn
from ipc.clock import SystemClock
from ipc.stop import Stop
from publisher import keys
from publisher.ecdsa import SigningKey
from publisher.entry import Entry
from publisher.journal import read_only
from publisher.record import Curve

PATIENCE_S = 20.0
"""Far more than anything takes; a test that runs into it has failed."""

CONFIG = """
[[bus]]
name = "bus"
port = "{directory}/meter"
baudrate = 38400
rate_hz = 5
timeout_s = 0.1

[[bus.meter]]
name = "charger"
model = "eastron_sdm630"
unit_id = 7
module_id = "pm_1"

[mqtt]
host = "{host}"
port = {port}
protocol = "{protocol}"

[publish]
window_s = 0.2
check_period_s = 0.2
fresh_s = 1.0

[ring]
directory = "{directory}"
"""


SIGNED = """module_id = "pm_1"
signing = "gateway"
serial = "S1"
vendor = "Eastron"
product = "SDM630"
energy_decimals = 6

[signing]
key_file = "{directory}/signing.pem"
gateway_serial = "GW-1"
reply_s = 5

[journal]
path = "{directory}/journal/journal.db"
"""


class Station:
    """Starts its parts on demand; the fixture ends them all."""

    def __init__(self, directory: Path, broker: Broker, parts: Parts) -> None:
        self.broker = broker
        self.config = directory / "config.toml"
        self._directory = directory
        self._parts = parts
        self._running: dict[str, Part] = {}
        self._stop = Stop()
        self.write_config()

    def write_config(self, old: str = "", new: str = "") -> None:
        """Write the configuration, with one change."""
        text = CONFIG.format(
            directory=self._directory,
            host=self.broker.host,
            port=self.broker.port,
            protocol=self.broker.protocol,
        )
        assert old in text
        self.config.write_text(text.replace(old, new))

    def sign(self, *changes: tuple[str, str]) -> SigningKey:
        """Let the gateway sign with a new key, which is given."""
        key = SigningKey.generate(Curve.SECP256R1)
        keys.create(self._directory / "signing.pem", key)
        self.journal.parent.mkdir()
        table = SIGNED.format(directory=self._directory)
        self.write_config('module_id = "pm_1"\n', table)
        for old, new in changes:
            text = self.config.read_text()
            assert old in text
            self.config.write_text(text.replace(old, new))
        return key

    @property
    def journal(self) -> Path:
        """Where sign() lets transactions be kept."""
        return self._directory / "journal" / "journal.db"

    def entries(self) -> list[Entry]:
        """Read what the journal holds; its writer may be at work."""
        with read_only(self.journal) as look:
            return list(look())

    def start_meter(self, name: str = "meter") -> None:
        link, program = self._directory / name, "simulate"
        options = ["--link", str(link), "--unit-id", "7", "--baudrate", "38400"]
        self._start(name, ["sampler", program, "eastron_sdm630", *options])

    def start_sampler(self, bus: str = "bus") -> None:
        name = "sampler" if bus == "bus" else f"sampler-{bus}"
        self._start(name, ["sampler", "run", str(self.config), "--bus", bus])

    def start_publisher(self) -> None:
        self._start("publisher", ["publisher", "run", str(self.config)])

    def start_all(self) -> None:
        self.start_meter()
        self.start_sampler()
        self.start_publisher()

    def end(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        """End a part with a signal and give its exit status."""
        part = self._running[name]
        part._signal(number)
        assert part.ends_within(PATIENCE_S), f"{name} does not end: {self.log(name)}"
        assert part.exit_status is not None
        return part.exit_status

    def log(self, name: str) -> list[str]:
        """Give the last lines a part has written."""
        return self._running[name].last_lines(100)

    def everest(self) -> StandIn:
        """Connect EVerest's end; use it in a `with`."""
        settings = Settings(check_timeout_s=2.0, reply_timeout_s=PATIENCE_S)
        stand_in = StandIn(settings, clock=SystemClock(self._stop), stop=self._stop)
        return stand_in.connect(
            self.broker.host, self.broker.port, self.broker.protocol
        )

    def until(self, everest: StandIn, condition: Callable[[], bool], what: str) -> None:
        """Step EVerest's end until the condition holds, or fail with all logs."""
        if not everest.run_until(condition, timeout_s=PATIENCE_S):
            logs = {name: self.log(name)[-8:] for name in self._running}
            raise AssertionError(f"not seen: {what}; last words: {logs}")

    def close(self) -> None:
        self._stop.close()

    def _start(self, name: str, arguments: list[str]) -> None:
        command = [sys.executable, "-m", *arguments]
        self._running[name] = self._parts.start(name, command)

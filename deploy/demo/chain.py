# SPDX-License-Identifier: Apache-2.0
"""The demo's chain: broker, simulated meter, sampler, publisher, and their file.

The gateway signs, with a key that is made here and lives as long as the demo.
"""

import sys
from pathlib import Path

import msgspec

from deploy.demo.broker import Broker, found
from deploy.demo.everest import Settings
from deploy.demo.parts import Part, Parts

MODEL = "eastron_sdm630"
UNIT_ID = 1
BAUDRATE = 38400  # the fastest the SDM630 has
RATE_HZ = 4
LOAD_KW = 11  # a three-phase charging point at 16 A
METER_TIMEOUT_S = 10.0
KEY_TIMEOUT_S = 10.0
POLL_S = 0.05

CONFIG = """\
[[bus]]
name = "demo"
port = {port}
baudrate = {baudrate}
rate_hz = {rate_hz}

[[bus.meter]]
name = "meter"
model = "{model}"
unit_id = {unit_id}
module_id = "{module_id}"
signing = "gateway"
serial = "DEMO-1"
vendor = "Eastron"
product = "SDM630"
energy_decimals = 3

[signing]
key_file = {key}
gateway_serial = "DEMO-GATEWAY"

[mqtt]
host = "{broker_host}"
port = {broker_port}
protocol = "{protocol}"

[ring]
directory = {ring}

[journal]
path = {journal}

[log]
format = "console"
"""


class PartDiedError(RuntimeError):
    """A part ended by itself; the text has its name, how, and its last words."""

    def __init__(self, part: Part) -> None:
        lines = part.last_lines(12) or ["(it said nothing)"]
        how = f"exit status {part.exit_status}"
        if part.exit_status is not None and part.exit_status < 0:
            how = f"signal {-part.exit_status}"
        super().__init__(
            "\n".join(
                [f"{part.name} ended by itself ({how}). Its last words:"]
                + [f"  {line}" for line in lines]
            )
        )


class Chain:
    """Starts the parts and says which of them has died. `parts` ends them."""

    def __init__(self, directory: Path, parts: Parts, settings: Settings) -> None:
        self.broker = Broker(directory, found())
        self._directory = directory
        self._parts = parts
        self._settings = settings

    @property
    def alive(self) -> dict[str, bool]:
        """Whether each part's process runs, by name."""
        return {part.name: part.alive for part in self._parts}

    def start(self) -> None:
        """Start all. Raises BrokerError or PartDiedError."""
        self.broker.start()
        self._parts.add(self.broker.part)
        port = self._directory / "meter"
        meter = self._start_meter(port)
        for _ in range(int(METER_TIMEOUT_S / POLL_S)):
            # Nobody must find the port missing: that would be weather, and waited out.
            if port.is_symlink() or meter.ends_within(POLL_S):
                break
        (self._directory / "ring").mkdir()
        config = self._directory / "config.toml"
        config.write_text(self._config(port))
        self._make_key()
        for name in ("sampler", "publisher"):
            self._parts.start(name, [sys.executable, "-m", name, "run", str(config)])

    def check(self) -> None:
        """Raise PartDiedError if a part has ended by itself."""
        for part in self._parts:
            if not part.alive:
                raise PartDiedError(part)

    def _start_meter(self, port: Path) -> Part:
        command = [sys.executable, "-m", "sampler", "simulate", MODEL]
        options = {
            "--link": port,
            "--unit-id": UNIT_ID,
            "--load-kw": LOAD_KW,
            "--baudrate": BAUDRATE,
        }
        for option, value in options.items():
            command += [option, str(value)]
        return self._parts.start("meter", command)

    def _config(self, port: Path) -> str:
        return CONFIG.format(
            port=_quoted(port),
            baudrate=BAUDRATE,
            rate_hz=RATE_HZ,
            model=MODEL,
            unit_id=UNIT_ID,
            module_id=self._settings.module_id,
            broker_host=self.broker.host,
            broker_port=self.broker.port,
            protocol=self.broker.protocol,
            ring=_quoted(self._directory / "ring"),
            key=_quoted(self._key),
            journal=_quoted(self._directory / "journal.db"),
        )

    @property
    def _key(self) -> Path:
        return self._directory / "signing.pem"

    def _make_key(self) -> None:
        """Make the signing key as an operator does. Raises PartDiedError."""
        command = [sys.executable, "-m", "publisher", "keygen", str(self._key)]
        part = Part("keygen", command, self._directory / "keygen.log")
        if not part.ends_within(KEY_TIMEOUT_S) or part.exit_status != 0:
            part.end()
            raise PartDiedError(part)


def _quoted(path: Path) -> str:
    """Quote for TOML, whose basic strings escape as JSON's do."""
    return msgspec.json.encode(str(path)).decode()

# SPDX-License-Identifier: Apache-2.0
"""The tables of the one TOML file that both processes read, and their bounds.

ipc/config.py loads it, and looks for what no single value shows.
"""

import enum
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ipc.toml import Table

BASE_TOPIC = (
    r"^[^/+#$\x00-\x1f\x7f-\x9f][^+#\x00-\x1f\x7f-\x9f]*[^/+#\x00-\x1f\x7f-\x9f]\Z"
)
"""No wildcards, no topics of the broker's own, and no controls, over which a broker
closes the connection (MQTT 5.0, section 1.5.4)."""

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]


class Parity(enum.StrEnum):
    """The parity bit of a character on the wire."""

    NONE = "none"
    EVEN = "even"
    ODD = "odd"


class Signing(enum.StrEnum):
    """Who signs a transaction's record."""

    NONE = "none"
    GATEWAY = "gateway"
    METER = "meter"


class EnergyUnit(enum.StrEnum):
    """What a record counts in."""

    KWH = "kWh"
    WH = "Wh"


class Current(enum.StrEnum):
    """What a meter measures."""

    AC = "AC"
    DC = "DC"


class MqttProtocol(enum.StrEnum):
    """The MQTT version spoken to the broker."""

    V5 = "5"
    V311 = "3.1.1"


class WindowValue(enum.StrEnum):
    """What a window tells of a power, a voltage, a current: energies are the last."""

    MEAN = "mean"
    LAST = "last"


class LogLevel(enum.StrEnum):
    """The least level that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(enum.StrEnum):
    """auto: readable on a terminal, JSON lines elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class MeterTable(Table, frozen=True, kw_only=True):
    """[[bus.meter]]: one meter on a bus.

    every         it is read with every so many ticks of its bus
    energy_every  its energies are read with every so many of its readings
    signing       who signs; the keys below are for the gateway's records
    serial        on its type plate; tells an exchanged meter from the one before
    vendor, product, current  as they are to stand in a record
    energy_unit, energy_decimals  what a record counts in, to which place: no finer
                  than the meter counts
    """

    name: Name
    model: Annotated[str, Meta(min_length=1)]
    unit_id: Annotated[int, Meta(ge=1, le=247)]
    module_id: Name
    signing: Signing = Signing.NONE
    every: Annotated[int, Meta(ge=1, le=1000)] = 1
    energy_every: Annotated[int, Meta(ge=1, le=1000)] = 1
    serial: Annotated[str, Meta(min_length=1, max_length=50)] | None = None
    vendor: Annotated[str, Meta(max_length=50)] = ""
    product: Annotated[str, Meta(max_length=50)] = ""
    current: Current = Current.AC
    energy_unit: EnergyUnit = EnergyUnit.KWH
    energy_decimals: Annotated[int, Meta(ge=0, le=6)] = 2


class BusTable(Table, frozen=True, kw_only=True):
    """[[bus]]: one serial line and the meters on it."""

    name: Name
    port: Annotated[str, Meta(min_length=1)]
    meter: Annotated[list[MeterTable], Meta(min_length=1, max_length=32)]
    baudrate: Annotated[int, Meta(ge=1200, le=1_000_000)] = 9600
    parity: Parity = Parity.NONE
    stopbits: Annotated[int, Meta(ge=1, le=2)] = 1
    rate_hz: Annotated[float, Meta(gt=0, le=100)] = 1.0
    timeout_s: Annotated[float, Meta(ge=0.02, le=0.5)] = 0.3


class MqttTable(Table, frozen=True, kw_only=True):
    """[mqtt]: the broker, and how to speak to it.

    socket            of a broker on this machine, instead of host and port
    ca_file           whom we trust with tls; absent: whom the system trusts
    certificate_file  who we are with tls, if the broker asks; with its key_file
    password_file     absent: the systemd credential mqtt-password, if there is one
    """

    host: Annotated[str, Meta(min_length=1)] = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    socket: Annotated[str, Meta(min_length=1)] | None = None
    tls: bool = False
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    protocol: MqttProtocol = MqttProtocol.V5
    client_id: Name = "everest-powermeter"
    base_topic: Annotated[str, Meta(pattern=BASE_TOPIC)] = "everest_api/1/powermeter"
    keepalive_s: Annotated[int, Meta(ge=2, le=600)] = 15
    session_expiry_s: Annotated[int, Meta(ge=0, le=300)] = 30
    username: str | None = None
    password_file: str | None = None


class PublishTable(Table, frozen=True, kw_only=True):
    """[publish]: windows and the statement of health.

    every_sample          no windows: each good sample is published at once
    early_power_change_w  a sample whose power differs by more from the last published
                          one is published at once; absent: it waits for its window
    """

    window_s: Annotated[float, Meta(ge=0.1, le=60)] = 1.0
    window_value: WindowValue = WindowValue.MEAN
    every_sample: bool = False
    early_power_change_w: Annotated[float, Meta(gt=0, le=1e7)] | None = None
    check_period_s: Annotated[float, Meta(ge=0.2, le=60)] = 2.0
    fresh_s: Annotated[float, Meta(ge=0.2, le=60)] = 3.0


class RingTable(Table, frozen=True, kw_only=True):
    """[ring]: where the segments are, and how many samples each holds."""

    directory: Annotated[str, Meta(min_length=1)] = "/run/powermeter"
    capacity: Annotated[int, Meta(ge=64, le=65536)] = 4096


class JournalTable(Table, frozen=True, kw_only=True):
    """[journal]: where transactions are kept.

    keep_days  a record that was handed over is kept so long; absent: for ever
    """

    path: Annotated[str, Meta(min_length=1)] = "/var/lib/powermeter/journal.db"
    keep_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None


class SigningTable(Table, frozen=True, kw_only=True):
    """[signing]: how the gateway signs for meters with signing = "gateway".

    key_file  absent: the systemd credential signing-key
    gateway_id, gateway_serial  as they are to stand in a record
    reply_s   a request is answered by then; EVerest's cfg_request_reply_to_s must be
              longer, by mqtt.session_expiry_s too: a request may have waited there
    """

    key_file: Annotated[str, Meta(min_length=1)] | None = None
    gateway_id: Annotated[str, Meta(max_length=50)] = ""
    gateway_serial: Annotated[str, Meta(max_length=50)] = ""
    reply_s: Annotated[float, Meta(ge=1, le=240)] = 30.0


class LogTable(Table, frozen=True, kw_only=True):
    """[log]: what is written to stderr, and how."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.AUTO


class RealtimeTable(Table, frozen=True, kw_only=True):
    """[realtime]: what the sampler asks of the kernel; each is done without if refused.

    priority        of SCHED_FIFO; absent: the normal scheduler
    cpus            the processors it may run on; absent: all
    lock_memory     keep every page in memory (costs about 6 MB)
    freeze_gc       let the garbage collector pass over what start-up has made
    timer_slack_us  how late the kernel may wake it to save power; 50 is its default
    """

    priority: Annotated[int, Meta(ge=1, le=99)] | None = None
    cpus: (
        Annotated[list[Annotated[int, Meta(ge=0, le=1023)]], Meta(min_length=1)] | None
    ) = None
    lock_memory: bool = False
    freeze_gc: bool = False
    timer_slack_us: Annotated[int, Meta(ge=1, le=10_000)] = 1


class Config(Table, frozen=True, kw_only=True):
    """The whole file."""

    bus: Annotated[list[BusTable], Meta(min_length=1, max_length=16)]
    mqtt: MqttTable = MqttTable()
    publish: PublishTable = PublishTable()
    ring: RingTable = RingTable()
    signing: SigningTable = SigningTable()
    journal: JournalTable = JournalTable()
    realtime: RealtimeTable = RealtimeTable()
    log: LogTable = LogTable()

    def ring_path(self, bus: BusTable) -> Path:
        """Give the segment file of a bus."""
        return Path(self.ring.directory) / f"{bus.name}.ring"

    def channel_path(self, bus: BusTable) -> Path:
        """Give the socket on which a bus's sampler takes commands."""
        return Path(self.ring.directory) / f"{bus.name}.sock"

    def sampler_status_path(self, bus: BusTable) -> Path:
        """Give the file in which a bus's sampler says how it is.

        It has a directory of its own: whoever waits for samples watches that of the
        rings, and must not be woken by this.
        """
        return Path(self.ring.directory) / "status" / f"{bus.name}.sampler.json"

    def publisher_status_path(self) -> Path:
        """Give the file in which the publisher says how it is."""
        return Path(self.ring.directory) / "status" / "publisher.json"

# SPDX-License-Identifier: Apache-2.0
"""Every MQTT payload of EVerest's powermeter_API as a frozen Struct.

Source: the AsyncAPI document of powermeter_API 1.0.0, and EVerest's codec (aa8113f)
as it behaves on the wire. A null in an optional field makes EVerest reject the whole
message, so an optional that is None is left out. EVerest reads every number as
float32 and does not survive one beyond it, so `number()` stands before every number.
"""

import enum
import math
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

LARGEST_FLOAT32 = 3.4028234663852886e38

Text = str | None


class Record(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename=None
):
    """What is sent: None means absent and is never written."""


class Totals(Record, frozen=True, kw_only=True):
    """Energy (Wh), power (W) or reactive power (var): the total is required."""

    total: float
    L1: float | None = None
    L2: float | None = None
    L3: float | None = None


class Voltage(Record, frozen=True, kw_only=True):
    """Volts."""

    DC: float | None = None
    L1: float | None = None
    L2: float | None = None
    L3: float | None = None


class Current(Record, frozen=True, kw_only=True):
    """Amperes."""

    DC: float | None = None
    L1: float | None = None
    L2: float | None = None
    L3: float | None = None
    N: float | None = None


class Frequency(Record, frozen=True, kw_only=True):
    """Hertz."""

    L1: float
    L2: float | None = None
    L3: float | None = None


class Temperature(Record, frozen=True, kw_only=True):
    """Degrees Celsius."""

    temperature: float
    identification: Text = None
    location: Text = None


class Powermeter(
    Record,
    frozen=True,
    kw_only=True,
    rename={
        "energy_import": "energy_Wh_import",
        "energy_export": "energy_Wh_export",
        "power": "power_W",
        "voltage": "voltage_V",
        "reactive_power": "VAR",
        "current": "current_A",
        "frequency": "frequency_Hz",
    },
):
    """m2e/powermeter_values. Power is positive when energy is imported."""

    timestamp: str
    energy_import: Totals
    meter_id: Text = None
    phase_seq_error: bool | None = None
    energy_export: Totals | None = None
    power: Totals | None = None
    voltage: Voltage | None = None
    reactive_power: Totals | None = None
    current: Current | None = None
    frequency: Frequency | None = None
    temperatures: list[Temperature] | None = None


class Status(enum.StrEnum):
    """How a start or a stop ended."""

    OK = "OK"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"


class Reply(Record, frozen=True, kw_only=True):
    """The bare answer to a start or a stop, without an envelope."""

    status: Status
    error: Text = None


class IdentificationStatus(enum.StrEnum):
    """Whether the transaction is assigned to a user."""

    ASSIGNED = "ASSIGNED"
    NOT_ASSIGNED = "NOT_ASSIGNED"


class IdentificationLevel(enum.StrEnum):
    """OCMF's IL."""

    NONE = "NONE"
    HEARSAY = "HEARSAY"
    TRUSTED = "TRUSTED"
    VERIFIED = "VERIFIED"
    CERTIFIED = "CERTIFIED"
    SECURE = "SECURE"
    MISMATCH = "MISMATCH"
    INVALID = "INVALID"
    OUTDATED = "OUTDATED"
    UNKNOWN = "UNKNOWN"


class IdentificationFlag(enum.StrEnum):
    """OCMF's IF."""

    RFID_NONE = "RFID_NONE"
    RFID_PLAIN = "RFID_PLAIN"
    RFID_RELATED = "RFID_RELATED"
    RFID_PSK = "RFID_PSK"
    OCPP_NONE = "OCPP_NONE"
    OCPP_RS = "OCPP_RS"
    OCPP_AUTH = "OCPP_AUTH"
    OCPP_RS_TLS = "OCPP_RS_TLS"
    OCPP_AUTH_TLS = "OCPP_AUTH_TLS"
    OCPP_CACHE = "OCPP_CACHE"
    OCPP_WHITELIST = "OCPP_WHITELIST"
    OCPP_CERTIFIED = "OCPP_CERTIFIED"
    ISO15118_NONE = "ISO15118_NONE"
    ISO15118_PNC = "ISO15118_PNC"
    PLMN_NONE = "PLMN_NONE"
    PLMN_RING = "PLMN_RING"
    PLMN_SMS = "PLMN_SMS"


class IdentificationType(enum.StrEnum):
    """OCMF's IT."""

    NONE = "NONE"
    DENIED = "DENIED"
    UNDEFINED = "UNDEFINED"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    EMAID = "EMAID"
    EVCCID = "EVCCID"
    EVCOID = "EVCOID"
    ISO7812 = "ISO7812"
    CARD_TXN_NR = "CARD_TXN_NR"
    CENTRAL = "CENTRAL"
    CENTRAL_1 = "CENTRAL_1"
    CENTRAL_2 = "CENTRAL_2"
    LOCAL = "LOCAL"
    LOCAL_1 = "LOCAL_1"
    LOCAL_2 = "LOCAL_2"
    PHONE_NUMBER = "PHONE_NUMBER"
    KEY_CODE = "KEY_CODE"


class StartTransactionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """e2m/start_transaction's payload. Fields we do not know are legal."""

    evse_id: str
    transaction_id: str
    identification_status: IdentificationStatus
    identification_flags: Annotated[list[IdentificationFlag], Meta(max_length=4)]
    identification_type: IdentificationType
    identification_level: IdentificationLevel | None = None
    identification_data: Text = None
    tariff_text: Annotated[str, Meta(max_length=250)] | None = None


class StopTransactionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """e2m/stop_transaction's payload; an empty id ends everything that is open."""

    transaction_id: str


def number(value: float) -> float | None:
    """Give the value if EVerest can bear it: finite and within float32."""
    return value if math.isfinite(value) and abs(value) <= LARGEST_FLOAT32 else None


def timestamp(wall_ns: int) -> str:
    """Write nanoseconds since the Unix epoch as RFC 3339, UTC, milliseconds.

    >>> timestamp(1_787_306_400_123_999_999)
    '2026-08-21T10:00:00.123Z'
    """
    seconds, rest_ns = divmod(wall_ns, 1_000_000_000)
    instant = datetime.fromtimestamp(seconds, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000_000:03d}Z"


encode = msgspec.json.Encoder().encode
"""Write any of these as JSON bytes."""

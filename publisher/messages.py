# SPDX-License-Identifier: Apache-2.0
"""The MQTT payloads of EVerest's powermeter_API as frozen Structs.

The values themselves, which are many, are in values.py.

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

from ipc.identification import (
    IdentificationFlag,
    IdentificationLevel,
    IdentificationStatus,
    IdentificationType,
)
from publisher.values import Record, SignedMeterValue, Text

LONGEST_NAME = 255
"""Characters of what goes into the journal; EVerest's own ids are UUIDs, with 36."""

ShortText = Annotated[str, Meta(max_length=LONGEST_NAME)]

LARGEST_FLOAT32 = 3.4028234663852886e38


class Status(enum.StrEnum):
    """How a start or a stop ended."""

    OK = "OK"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"


class Reply(Record, frozen=True, kw_only=True):
    """The bare answer to a start or a stop, without an envelope."""

    status: Status
    error: Text = None


class StartTransactionReply(Reply, frozen=True, kw_only=True):
    """To a start. `signed_meter_value` only of a meter that signs begin and end apart.

    The stop times bound when a stop may be asked for: timestamp().
    """

    transaction_min_stop_time: Text = None
    transaction_max_stop_time: Text = None
    signed_meter_value: SignedMeterValue | None = None


class StopTransactionReply(Reply, frozen=True, kw_only=True):
    """To a stop. An OK has `signed_meter_value`, unless the id was empty."""

    start_signed_meter_value: SignedMeterValue | None = None
    signed_meter_value: SignedMeterValue | None = None


class StartTransactionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """e2m/start_transaction's payload. Fields we do not know are legal."""

    evse_id: ShortText
    transaction_id: ShortText
    identification_status: IdentificationStatus
    identification_flags: Annotated[list[IdentificationFlag], Meta(max_length=4)]
    identification_type: IdentificationType
    identification_level: IdentificationLevel | None = None
    identification_data: Text = None
    tariff_text: Annotated[str, Meta(max_length=250)] | None = None


class StopTransactionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """e2m/stop_transaction's payload; an empty id ends everything that is open."""

    transaction_id: str


class Headers(Record, frozen=True, kw_only=True, rename={"reply_to": "replyTo"}):
    """Where the answer to a question of ours is to go."""

    reply_to: str


class DiscoverRequest(Record, frozen=True, kw_only=True):
    """everest_api/discover: each API module of EVerest answers by itself.

    payload  empty; without one EVerest's codec refuses a request
    """

    headers: Headers
    payload: dict[str, str]


class CommunicationMonitoring(msgspec.Struct, frozen=True, kw_only=True):
    """How a module watches over us, and shows that it lives.

    communication_check_period_s  the silence after which it raises its fault; 0: never
    heartbeat_period_ms           between two of its heartbeats
    """

    communication_check_period_s: Annotated[int, Meta(ge=0)] | None = None
    heartbeat_period_ms: Annotated[int, Meta(ge=0)] | None = None


class Module(msgspec.Struct, frozen=True, kw_only=True, rename={"kind": "type"}):
    """One module of EVerest that has an API."""

    kind: str
    module_id: str
    version: int
    communication_monitoring: CommunicationMonitoring | None = None


class DiscoverReply(msgspec.Struct, frozen=True, kw_only=True):
    """A module's answer to everest_api/discover. Fields we do not know are legal."""

    apis: list[Module]


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

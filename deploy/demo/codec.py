# SPDX-License-Identifier: Apache-2.0
"""What EVerest's powermeter_API accepts: decode() or Rejected.

Written from EVerest's own verdicts (tests/vectors/everest_codec_verdicts.jsonl) and
apart from the publisher, so that one misreading cannot stand on both sides.
"""

import enum
from typing import Any

import msgspec

from deploy.demo.fields import (
    Decoder,
    Rejected,
    anything,
    boolean,
    list_of,
    number,
    object_of,
    one_of,
    string,
    unsigned,
)


class Kind(enum.StrEnum):
    """The messages of the API, in the names of the verdicts."""

    POWERMETER_VALUES = "powermeter_values"
    PUBLIC_KEY = "public_key"
    COMMUNICATION_CHECK = "communication_check"
    BOOL = "bool"
    REPLY_START = "reply_start"
    REPLY_STOP = "reply_stop"
    REQUEST_REPLY = "request_reply"
    REQUEST_START = "request_start"
    DISCOVER_RESPONSE = "discover_response"


def decode(kind: Kind, payload: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Give what EVerest makes of the message: known fields, numbers as float32."""
    try:
        document = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(f"not JSON: {error}") from None
    return _DECODERS[kind](document)


_PHASES = {"L1": number, "L2": number, "L3": number}
_TOTAL = object_of({"total": number}, _PHASES)
_VOLTAGE = object_of({}, {"DC": number, **_PHASES}, lenient=True)
_CURRENT = object_of({}, {"DC": number, **_PHASES, "N": number}, lenient=True)
_FREQUENCY = object_of({"L1": number}, {"L2": number, "L3": number})
_TEMPERATURE = object_of(
    {"temperature": number}, {"identification": string, "location": string}
)
_SIGNED = object_of(
    {
        "signed_meter_data": string,
        "signing_method": string,
        "encoding_method": string,
    },
    {"public_key": string, "timestamp": string},
)
_SIGNED_TOTAL = object_of(
    {"total": _SIGNED}, dict.fromkeys(("L1", "L2", "L3"), _SIGNED)
)
_SIGNED_ANY = object_of(
    {}, dict.fromkeys(("DC", "L1", "L2", "L3", "N"), _SIGNED), lenient=True
)
_SIGNED_FREQUENCY = object_of({"L1": _SIGNED}, {"L2": _SIGNED, "L3": _SIGNED})

_POWERMETER = object_of(
    {"timestamp": string, "energy_Wh_import": _TOTAL},
    {
        "meter_id": string,
        "phase_seq_error": boolean,
        "energy_Wh_export": _TOTAL,
        "power_W": _TOTAL,
        "voltage_V": _VOLTAGE,
        "VAR": _TOTAL,
        "current_A": _CURRENT,
        "frequency_Hz": _FREQUENCY,
        "temperatures": list_of(_TEMPERATURE),
        "signed_meter_value": _SIGNED,
        "energy_Wh_import_signed": _SIGNED_TOTAL,
        "energy_Wh_export_signed": _SIGNED_TOTAL,
        "power_W_signed": _SIGNED_TOTAL,
        "voltage_V_signed": _SIGNED_ANY,
        "VAR_signed": _SIGNED_TOTAL,
        "current_A_signed": _SIGNED_ANY,
        "frequency_Hz_signed": _SIGNED_FREQUENCY,
    },
)

_STATUS = one_of("OK", "NOT_SUPPORTED", "UNEXPECTED_ERROR")

_REQUEST_START = object_of(
    {
        "evse_id": string,
        "transaction_id": string,
        "identification_status": one_of("ASSIGNED", "NOT_ASSIGNED"),
        "identification_flags": list_of(
            one_of(
                *("RFID_NONE", "RFID_PLAIN", "RFID_RELATED", "RFID_PSK"),
                *("OCPP_NONE", "OCPP_RS", "OCPP_AUTH", "OCPP_RS_TLS"),
                *("OCPP_AUTH_TLS", "OCPP_CACHE", "OCPP_WHITELIST", "OCPP_CERTIFIED"),
                *("ISO15118_NONE", "ISO15118_PNC"),
                *("PLMN_NONE", "PLMN_RING", "PLMN_SMS"),
            )
        ),
        "identification_type": one_of(
            *("NONE", "DENIED", "UNDEFINED", "ISO14443", "ISO15693", "EMAID"),
            *("EVCCID", "EVCOID", "ISO7812", "CARD_TXN_NR", "CENTRAL", "CENTRAL_1"),
            *("CENTRAL_2", "LOCAL", "LOCAL_1", "LOCAL_2", "PHONE_NUMBER", "KEY_CODE"),
        ),
    },
    {
        "identification_level": one_of(
            *("NONE", "HEARSAY", "TRUSTED", "VERIFIED", "CERTIFIED"),
            *("SECURE", "MISMATCH", "INVALID", "OUTDATED", "UNKNOWN"),
        ),
        "identification_data": string,
        "tariff_text": string,
    },
)

_DECODERS: dict[Kind, Decoder] = {
    Kind.POWERMETER_VALUES: _POWERMETER,
    Kind.PUBLIC_KEY: string,
    Kind.COMMUNICATION_CHECK: boolean,
    Kind.BOOL: boolean,
    Kind.REPLY_START: object_of(
        {"status": _STATUS},
        {
            "error": string,
            "transaction_min_stop_time": string,
            "transaction_max_stop_time": string,
            "signed_meter_value": _SIGNED,
        },
    ),
    Kind.REPLY_STOP: object_of(
        {"status": _STATUS},
        {
            "error": string,
            "start_signed_meter_value": _SIGNED,
            "signed_meter_value": _SIGNED,
        },
    ),
    Kind.REQUEST_REPLY: object_of(
        {"payload": anything}, {"headers": object_of({}, {"replyTo": string})}
    ),
    Kind.REQUEST_START: _REQUEST_START,
    Kind.DISCOVER_RESPONSE: object_of(
        {
            "apis": list_of(
                object_of(
                    {"type": string, "module_id": string, "version": unsigned},
                    {
                        "communication_monitoring": object_of(
                            {},
                            {
                                "heartbeat_period_ms": unsigned,
                                "communication_check_period_s": unsigned,
                            },
                        )
                    },
                )
            )
        }
    ),
}

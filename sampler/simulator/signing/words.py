# SPDX-License-Identifier: Apache-2.0
"""OCMF's words for who charges, as the meters know them.

Source: OCMF 1.4.1 (2025-01-15), user assignment.
"""

LEVELS = (
    *("NONE", "HEARSAY", "TRUSTED", "VERIFIED", "CERTIFIED", "SECURE"),
    *("MISMATCH", "INVALID", "OUTDATED", "UNKNOWN"),
)
"""IL."""

FLAGS = (
    ("RFID_NONE", "RFID_PLAIN", "RFID_RELATED", "RFID_PSK"),
    (
        *("OCPP_NONE", "OCPP_RS", "OCPP_AUTH", "OCPP_RS_TLS", "OCPP_AUTH_TLS"),
        *("OCPP_CACHE", "OCPP_WHITELIST", "OCPP_CERTIFIED"),
    ),
    ("ISO15118_NONE", "ISO15118_PNC"),
    ("PLMN_NONE", "PLMN_RING", "PLMN_SMS"),
)
"""IF, group by group."""

TYPES = (
    *("NONE", "DENIED", "UNDEFINED", "ISO14443", "ISO15693", "EMAID", "EVCCID"),
    *("EVCOID", "ISO7812", "CARD_TXN_NR", "CENTRAL", "CENTRAL_1", "CENTRAL_2"),
    *("LOCAL", "LOCAL_1", "LOCAL_2", "PHONE_NUMBER", "KEY_CODE"),
)
"""IT."""

PLACES = ("EVSEID", "CBIDC")
"""CT."""

# SPDX-License-Identifier: Apache-2.0
"""Who charges where: EVerest's start request as the fields of an OCMF record.

Source: OCMF 1.4.1 (2025-01-15), the sections on user and charge-point assignment.
EVerest's names are OCMF's, but for IS. The bounds are checked when a transaction
starts: its end must not find out that its record cannot be written.
"""

import re

from ipc.identification import (
    IdentificationFlag,
    IdentificationStatus,
    IdentificationType,
)
from publisher.errors import OcmfError
from publisher.messages import StartTransactionRequest

LONGEST_ID = 40
LONGEST_TARIFF = 250
LONGEST_TEXT = 100
"""Characters of a text to which OCMF sets no bound. Ours: with it, and every character
escaped, a record stays below the 32768 characters that OCPP carries."""

# The pattern of ID that its type asks for, and the same in words.
_HEX = "[0-9A-Fa-f]"
_SHAPES: dict[IdentificationType, tuple[str, str]] = {
    IdentificationType.ISO14443: (f"{_HEX}{{8}}|{_HEX}{{14}}", "4 or 7 bytes in hex"),
    IdentificationType.ISO15693: (f"{_HEX}{{16}}", "8 bytes in hex"),
    IdentificationType.EMAID: ("[0-9A-Za-z]{14,15}", "14 or 15 letters and digits"),
    IdentificationType.EVCCID: (f"{_HEX}{{1,12}}", "at most 6 bytes in hex"),
    IdentificationType.PHONE_NUMBER: (r"\+[0-9]+", "a + and digits"),
}


def fields(request: StartTransactionRequest) -> dict[str, object]:
    """Give IS IL IF IT ID TT CT CI and U1, those that are not asked for left out.

    U1 is a vendor's name and holds EVerest's transaction id, for which OCMF has none.
    Raises OcmfError, which names OCMF's field and EVerest's.
    """
    data, tariff, evse = (
        request.identification_data,
        request.tariff_text,
        request.evse_id,
    )
    wanted = {
        "IS": request.identification_status is IdentificationStatus.ASSIGNED,
        "IL": request.identification_level,
        "IF": _flags(request.identification_flags),
        "IT": request.identification_type,
        "ID": None if data is None else _data(request.identification_type, data),
        "TT": None if tariff is None else text("TT", tariff, longest=LONGEST_TARIFF),
        "CT": "EVSEID" if evse else None,
        "CI": text("CI (evse_id)", evse) if evse else None,
        "U1": text("U1 (transaction_id)", request.transaction_id),
    }
    return {name: value for name, value in wanted.items() if value is not None}


def text(field: str, value: str, *, longest: int = LONGEST_TEXT) -> str:
    """Give a text back, or raise OcmfError if the field has no room for it."""
    if len(value) > longest:
        raise OcmfError(f"{field}: {len(value)} characters, room is for {longest}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise OcmfError(f"{field}: has half of a surrogate pair in it") from None
    return value


def _flags(flags: list[IdentificationFlag]) -> list[IdentificationFlag]:
    """Give each flag once; two of one group (RFID, OCPP, ...) contradict each other."""
    groups: dict[str, IdentificationFlag] = {}
    for flag in flags:
        group = flag.partition("_")[0]
        if groups.setdefault(group, flag) is not flag:
            raise OcmfError(
                f"IF (identification_flags): {groups[group]} and {flag}: at most one"
                f" flag of the group {group}"
            )
    return list(groups.values())


def _data(kind: IdentificationType, data: str) -> str:
    field = "ID (identification_data)"
    pattern, words = _SHAPES.get(kind, ("", ""))
    if data and pattern and not re.fullmatch(pattern, data):
        raise OcmfError(f"{field}: {kind} must be {words}, not {len(data)} characters")
    return text(field, data, longest=LONGEST_ID)

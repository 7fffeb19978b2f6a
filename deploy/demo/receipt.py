# SPDX-License-Identifier: Apache-2.0
"""A customer's look at a signed record: whether that key signed it, and what for.

Written from the OCMF specification 1.4.1 and apart from the publisher, so that one
misreading cannot stand on both sides.
"""

from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature  # noqa: TID251 - the other end
from cryptography.hazmat.primitives import hashes  # noqa: TID251 - the other end
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: TID251 - the other end
from cryptography.hazmat.primitives.serialization import (  # noqa: TID251 - the other end
    load_der_public_key,
)


class ReceiptError(ValueError):
    """The record is not what the customer may be shown; the text says why."""


def read(record: str, public_key: str) -> dict[str, Any]:
    """Give the payload of a record that is signed with this key (SPKI, DER, hex).

    Raises ReceiptError.
    """
    header, payload, signature = (*record.split("|"), "", "")[:3]
    if header != "OCMF" or record.count("|") != 2:
        raise ReceiptError("not three sections, OCMF first")
    try:
        key = load_der_public_key(bytes.fromhex(public_key))
        signed = bytes.fromhex(msgspec.json.decode(signature)["SD"])
        document: dict[str, Any] = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError) as error:
        raise ReceiptError(f"cannot be read: {error!r}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ReceiptError("the key is none of an elliptic curve")
    try:
        key.verify(signed, payload.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise ReceiptError("the signature is not of this text and this key") from None
    return document


def told(document: dict[str, Any]) -> str:
    """Say a record in one line: its number, its energy."""
    begin, end = document["RD"][0], document["RD"][-1]
    energy = end["RV"] - begin["RV"]
    return f"{document['PG']}, {energy:.3f} {end['RU']}, signature valid"

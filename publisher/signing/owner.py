# SPDX-License-Identifier: Apache-2.0
"""A record as its meter gave it: whose it is, and whether it verifies.

It is neither trimmed nor written anew: what is handed over is what was read.
"""

import hashlib

from publisher import record
from publisher.ecdsa import PublicKey
from publisher.errors import KeyMaterialError, RecordError

SEPARATOR = "<=>"
"""Between a tariff text and the transaction's id, in OCMF's TT: EVerest's convention
for meters that have no other place for the id."""


def digest(text: str) -> str:
    """Give the SHA-256 of a record, by which it is known again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def transaction_id(text: str) -> str | None:
    """Give the id that the record itself names; None if it names none."""
    try:
        tariff = record.split(text).fields.get("TT")
    except RecordError:
        return None
    if not isinstance(tariff, str) or SEPARATOR not in tariff:
        return None
    return tariff.rpartition(SEPARATOR)[2] or None


def nobody(text: str) -> str:
    """Name a record whose transaction nobody knows."""
    return f"unknown-{digest(text)[:16]}"


def complaint(text: str, start: str | None, public_key: str) -> str:
    """Say why a meter's records do not verify against its key; empty if they do."""
    if not public_key:
        return "the meter told no public key"
    try:
        key = PublicKey.read(public_key.encode())
    except KeyMaterialError as error:
        return f"the meter's public key: {error}"
    if reason := record.verify(text, key).reason:
        return reason
    if start is not None and (reason := record.verify(start, key).reason):
        return f"start record: {reason}"
    return ""

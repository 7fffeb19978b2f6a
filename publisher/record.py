# SPDX-License-Identifier: Apache-2.0
"""An OCMF record, `OCMF|payload|signature`: sign, split, verify.

Source: OCMF 1.4.1 (2025-01-15). What is signed are the payload's characters as they
are, in UTF-8; they are never read and written again. The public key comes from
elsewhere: a record holds none.
"""

import base64
import binascii
import enum
import re
from typing import Any, Protocol

import msgspec

from publisher import transparency
from publisher.errors import OcmfError, RecordError

LONGEST = 32_768
"""Characters of a record that OCPP can carry through EVerest (signed_meter_data)."""


class Curve(enum.StrEnum):
    """The curves of OCMF."""

    SECP256R1 = "secp256r1"
    SECP384R1 = "secp384r1"
    BRAINPOOL_P256R1 = "brainpoolP256r1"
    BRAINPOOL_P384R1 = "brainpoolP384r1"
    SECP192K1 = "secp192k1"
    SECP192R1 = "secp192r1"
    SECP256K1 = "secp256k1"

    @property
    def algorithm(self) -> str:
        """SA as the specification spells it: the brainpool curves without their P."""
        return f"ECDSA-{self.value.replace('brainpoolP', 'brainpool')}-SHA256"


SIGNING_CURVES = (
    Curve.SECP256R1,
    Curve.SECP384R1,
    Curve.BRAINPOOL_P256R1,
    Curve.BRAINPOOL_P384R1,
)
"""Those that we sign with: the first is known to every verifier."""

_CURVE_OF = {curve.algorithm: curve for curve in Curve} | {
    # Meters write the brainpool curves' own names (EM580, NZR).
    f"ECDSA-{curve.value}-SHA256": curve
    for curve in Curve
}


class Signer(Protocol):
    """A private key. Its signatures are DER and follow from key and message alone."""

    @property
    def curve(self) -> Curve:
        """The curve it is on."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign the SHA-256 of a message."""
        ...


class Verifier(Protocol):
    """A public key."""

    @property
    def curve(self) -> Curve:
        """The curve it is on."""
        ...

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether the DER signature is the key's, over the SHA-256 of a message."""
        ...


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """The third section, under OCMF's names, with OCMF's defaults."""

    SD: str
    SA: str = Curve.SECP256R1.algorithm
    SE: str = "hex"
    SM: str = "application/x-der"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A record taken apart.

    payload   its characters, untouched: what was signed
    fields    the same, read for people and rules; a number with a fraction is its text
    """

    payload: str
    fields: dict[str, Any]
    signature: Signature


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a verification.

    reason    why the record is not valid, or None if it is
    record    None if the text is no record
    warnings  for what the transparency software S.A.F.E. would refuse a valid one
    """

    reason: str | None
    record: Record | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether the signature is the key's and nothing was changed since."""
        return self.reason is None


_FIELDS = msgspec.json.Decoder(dict[str, Any], float_hook=str)
_SIGNATURE = msgspec.json.Decoder(Signature)


def sign(payload: str, key: Signer) -> str:
    """Put the signature to a payload that compose() wrote: the whole record."""
    data = key.sign(payload.encode()).hex().upper()
    section = f'{{"SA":"{key.curve.algorithm}","SD":"{data}"}}'
    record = f"OCMF|{payload}|{section}"
    if len(record) > LONGEST:
        raise OcmfError(
            f"the record has {len(record)} characters, OCPP takes {LONGEST}"
        )
    return record


def split(text: str) -> Record:
    """Take a record apart, or raise RecordError. The payload stays as it is."""
    parts = text.split("|", maxsplit=3)
    if parts[0] != "OCMF" or len(parts) != 3:
        raise RecordError("not a record: it must be OCMF|payload|signature, two pipes")
    payload, section = parts[1:]
    return Record(
        payload=payload,
        fields=_decode(payload, _FIELDS, "payload"),
        signature=_decode(section, _SIGNATURE, "signature"),
    )


def verify(text: str, key: Verifier) -> Verdict:
    """Check a record against a public key. Never raises, whatever the text is."""
    try:
        record = split(text)
    except RecordError as error:
        return Verdict(reason=str(error))
    try:
        reason = _complaint(record, key)
    except RecordError as error:
        reason = str(error)
    warnings = () if reason else tuple(transparency.complaints(record.fields))
    return Verdict(reason=reason, record=record, warnings=warnings)


def _complaint(record: Record, key: Verifier) -> str | None:
    curve = _CURVE_OF.get(record.signature.SA)
    if curve is None:
        known = ", ".join(_CURVE_OF)
        return f"SA: algorithm {record.signature.SA[:60]!r} is not one of {known}"
    if curve is not key.curve:
        return f"SA: the record is signed on {curve}, the public key is on {key.curve}"
    if not key.verifies(record.payload.encode(), signature_bytes(record.signature)):
        return "the signature is not this key's, or the payload was changed"
    return None


def signature_bytes(section: Signature) -> bytes:
    """Give the signature's bytes, or raise RecordError."""
    if section.SM != "application/x-der":
        raise RecordError(f"SM: {section.SM[:60]!r}: only application/x-der is known")
    match section.SE:
        case "hex":
            if not re.fullmatch("(?:[0-9A-Fa-f]{2})+", section.SD):
                raise RecordError("SD: not a text of hexadecimal bytes")
            return bytes.fromhex(section.SD)
        case "base64":
            try:
                return base64.b64decode(section.SD, validate=True)
            except (binascii.Error, ValueError):
                raise RecordError("SD: not base64, although SE says so") from None
        case _:
            raise RecordError(f"SE: {section.SE[:60]!r}: only hex and base64 are known")


def _decode(text: str, decoder: msgspec.json.Decoder[Any], section: str) -> Any:  # noqa: ANN401 - as the decoder
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RecordError(f"{section} section: {str(error)[:200]}") from None

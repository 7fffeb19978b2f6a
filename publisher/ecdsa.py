# SPDX-License-Identifier: Apache-2.0
"""Keys that sign and verify: the only file that knows the library `cryptography`.

Importing it costs ten milliseconds and as many megabytes, so whoever needs no key
imports it late or never. Nonces are deterministic (RFC 6979): a device whose random
numbers are poor after power-up cannot give its key away, and the same payload has the
same signature. That needs cryptography 43 on OpenSSL 3.2.
"""

import base64
import binascii
import hashlib
import re
from typing import Self

from publisher.errors import KeyMaterialError, SignerMissingError
from publisher.record import SIGNING_CURVES, Curve

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError as missing:
    raise SignerMissingError(
        f"the package cryptography cannot be used ({missing}): pip install"
        " 'cryptography>=43'"
    ) from missing

LONGEST_KEY = 65_536
"""Bytes of a key in any encoding; the longest real one is below a thousand."""

CURVES = ", ".join(Curve)

_KIND: dict[Curve, type[ec.EllipticCurve]] = {
    Curve.SECP256R1: ec.SECP256R1,
    Curve.SECP384R1: ec.SECP384R1,
    Curve.BRAINPOOL_P256R1: ec.BrainpoolP256R1,
    Curve.BRAINPOOL_P384R1: ec.BrainpoolP384R1,
}

_HASH = ec.ECDSA(hashes.SHA256())


class PublicKey:
    """A public key on one of OCMF's curves."""

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key
        self.curve = _curve(key.curve)
        self.der = key.public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read SubjectPublicKeyInfo as DER, PEM, hex or base64, blanks tolerated.

        Bare points are refused, as verifiers do: they do not name their curve.
        Raises KeyMaterialError.
        """
        if len(content) > LONGEST_KEY:
            raise KeyMaterialError(
                f"longer than {LONGEST_KEY} bytes: not a public key; give one"
            )
        try:
            if b"-----BEGIN" in content:
                key = serialization.load_pem_public_key(content)
            else:
                key = serialization.load_der_public_key(_der(content))
        except UnsupportedAlgorithm as error:
            raise KeyMaterialError(
                f"a key of a kind not known here ({error}): use one on {CURVES}"
            ) from None
        except ValueError:
            raise KeyMaterialError(
                "not a public key: give its SubjectPublicKeyInfo in hex, base64, PEM or"
                " DER"
            ) from None
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise KeyMaterialError(f"not on an elliptic curve: use a key on {CURVES}")
        return cls(key)

    @property
    def hex(self) -> str:
        """SubjectPublicKeyInfo in DER as hex: what verifiers ask for."""
        return self.der.hex().upper()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, in hex: names the key where its length is in the way."""
        return hashlib.sha256(self.der).hexdigest()

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether the DER signature is this key's, over the SHA-256 of the message."""
        try:
            self._key.verify(signature, message, _HASH)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key on a curve that can sign."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._hash = _deterministic()
        self.public = PublicKey(key.public_key())
        self.curve = self.public.curve
        if self.curve not in SIGNING_CURVES:
            names = ", ".join(SIGNING_CURVES)
            raise KeyMaterialError(f"a key on {self.curve}: use one of {names}")

    @classmethod
    def generate(cls, curve: Curve) -> Self:
        """Make a new key on one of SIGNING_CURVES, or raise KeyMaterialError."""
        try:
            return cls(ec.generate_private_key(_KIND[curve]()))
        except UnsupportedAlgorithm as error:
            raise KeyMaterialError(
                f"{curve}: not in this OpenSSL ({error}): choose another"
            ) from None

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """Read a PEM without a password, or raise KeyMaterialError."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except TypeError:
            raise KeyMaterialError(
                "encrypted, and nobody can type its password: store it without one"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise KeyMaterialError(
                "not a private key in PEM: make one with keygen"
            ) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeyMaterialError(f"not on an elliptic curve: use a key on {CURVES}")
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        """Sign the SHA-256 of a message: DER, the same for the same message."""
        return self._key.sign(message, self._hash)

    def pem(self) -> bytes:
        """Give the key as PKCS8, not encrypted: for a file that is closed to others."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def _deterministic() -> ec.ECDSA:
    try:
        return ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    except (TypeError, UnsupportedAlgorithm):
        raise SignerMissingError(
            "this cryptography cannot sign with deterministic nonces: pip install"
            " 'cryptography>=43', on OpenSSL 3.2 or newer"
        ) from None


def _curve(curve: ec.EllipticCurve) -> Curve:
    try:
        return Curve(curve.name)
    except ValueError:
        raise KeyMaterialError(
            f"a key on {curve.name}: OCMF has no such curve; use one on {CURVES}"
        ) from None


def _der(content: bytes) -> bytes:
    """Give the DER bytes of what is DER, hex or base64; ValueError if it is nothing."""
    if not content.isascii():  # every DER key is: its object identifier has an 86h
        return content
    text = re.sub(rb"\s", b"", content)
    if re.fullmatch(b"[0-9A-Fa-f]+", text):
        return binascii.unhexlify(text)
    return base64.b64decode(text, validate=True)

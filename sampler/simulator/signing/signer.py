# SPDX-License-Identifier: Apache-2.0
"""The key of a simulated meter: the only file here that knows `cryptography`.

A key follows from the meter's name, so that a meter that is started again is the
same meter. That makes it public: it is good for tests and for nothing else.
"""

import enum
import hashlib

from sampler.simulator.errors import SigningMissingError

try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils
except ImportError as missing:
    raise SigningMissingError(
        f"a meter that signs cannot be simulated ({missing}): pip install"
        " 'everest-powermeter[signing]'"
    ) from missing


class Curve(enum.Enum):
    """The curves that the simulated meters sign on, all with SHA-256."""

    SECP256R1 = "secp256r1"
    BRAINPOOL_P256R1 = "brainpoolP256r1"
    BRAINPOOL_P384R1 = "brainpoolP384r1"

    @property
    def size(self) -> int:
        """Bytes of a coordinate, and of r and s."""
        return _KIND[self].key_size // 8


_KIND: dict[Curve, ec.EllipticCurve] = {
    Curve.SECP256R1: ec.SECP256R1(),
    Curve.BRAINPOOL_P256R1: ec.BrainpoolP256R1(),
    Curve.BRAINPOOL_P384R1: ec.BrainpoolP384R1(),
}


class Signer:
    """One key pair."""

    def __init__(self, curve: Curve, *, name: str) -> None:
        """Make the key that belongs to this name."""
        self.curve = curve
        digest = hashlib.shake_256(f"{curve.value} {name}".encode()).digest(curve.size)
        # One bit less than the curve has is below the order of each of these groups.
        secret = int.from_bytes(digest) >> 1 | 1
        self._key = ec.derive_private_key(secret, _KIND[curve])

    @property
    def point(self) -> bytes:
        """The public key as 04, X and Y."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.X962,
            serialization.PublicFormat.UncompressedPoint,
        )

    @property
    def spki(self) -> bytes:
        """The public key as SubjectPublicKeyInfo, DER."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )

    def sign(self, message: bytes) -> tuple[int, int]:
        """Give r and s; the same for the same message."""
        method = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        return utils.decode_dss_signature(self._key.sign(message, method))

    def raw(self, signature: tuple[int, int]) -> bytes:
        """Write r and s one after the other, each as long as the curve's order."""
        return b"".join(each.to_bytes(self.curve.size) for each in signature)

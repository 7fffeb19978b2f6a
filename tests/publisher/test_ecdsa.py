# SPDX-License-Identifier: Apache-2.0
"""Keys: every form in which they come, and none that is not ours to use."""

import base64
import hashlib
import subprocess
import sys
from itertools import count

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from publisher.ecdsa import LONGEST_KEY, PublicKey, SigningKey
from publisher.errors import KeyMaterialError, SignerMissingError
from publisher.record import SIGNING_CURVES, Curve

KEY = SigningKey.generate(Curve.SECP256R1)
DER = KEY.public.der
PEM = serialization.load_der_public_key(DER).public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def blanks(text: str) -> bytes:
    return (
        b" ".join(text[at : at + 16].encode() for at in range(0, len(text), 16)) + b"\n"
    )


@pytest.mark.parametrize(
    "content",
    [
        DER,
        PEM,
        b"a comment\n" + PEM,
        DER.hex().encode(),
        DER.hex().upper().encode(),
        blanks(DER.hex()),
        base64.b64encode(DER),
        base64.encodebytes(DER),
    ],
    ids=["der", "pem", "comment", "hex", "HEX", "hex-blanks", "base64", "base64-lines"],
)
def test_a_public_key_is_read_in_every_form(content):
    found = PublicKey.read(content)
    assert found.der == DER
    assert found.curve is Curve.SECP256R1


@pytest.mark.parametrize(
    "kind", [ec.SECP192R1, ec.SECP256K1, ec.BrainpoolP384R1], ids=lambda kind: kind.name
)
def test_curves_that_only_meters_use_are_read(kind):
    assert PublicKey(ec.generate_private_key(kind()).public_key()).curve == kind.name


@pytest.mark.parametrize("curve", SIGNING_CURVES)
def test_a_signature_is_deterministic_and_only_its_own_keys(curve):
    key = SigningKey.generate(curve)
    signature = key.sign(b"message")
    assert signature == key.sign(b"message")
    assert key.public.verifies(b"message", signature)
    assert not key.public.verifies(b"massage", signature)
    assert not SigningKey.generate(curve).public.verifies(b"message", signature)


def test_a_key_survives_its_pem():
    again = SigningKey.read(KEY.pem())
    assert again.public.der == DER
    assert again.sign(b"message") == KEY.sign(b"message")
    assert KEY.pem().startswith(b"-----BEGIN PRIVATE KEY-----\n")


def test_a_public_key_is_named_by_its_hex_and_by_the_hash_of_its_bytes():
    assert bytes.fromhex(KEY.public.hex) == DER
    assert KEY.public.hex == KEY.public.hex.upper()
    assert KEY.public.fingerprint == hashlib.sha256(DER).hexdigest()


def spki(key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a public key"),
        (b"30", "not a public key"),
        (DER[:-1], "not a public key"),
        (b"#" + base64.b64encode(DER), "not a public key"),
        (DER.hex()[:-1].encode(), "not a public key"),
        (DER[-65:].hex().encode(), "not a public key"),  # a bare point
        (DER[-64:].hex().encode(), "not a public key"),  # X||Y
        (KEY.pem(), "not a public key"),
        (b"-----BEGIN PUBLIC KEY-----", "not a public key"),
        (b"0" * (LONGEST_KEY + 1), "longer than 65536 bytes"),
        (spki(rsa.generate_private_key(65537, 2048)), "elliptic curve"),
        (spki(ed25519.Ed25519PrivateKey.generate()), "elliptic curve"),
        (spki(ec.generate_private_key(ec.SECP521R1())), "on secp521r1: OCMF has no"),
        # secp192k1, of another maker
        (
            bytes.fromhex("3046301006072A8648CE3D020106052B8104001F03320004")
            + b"1" * 48,
            "kind not known here",
        ),
    ],
    ids=count(),
)
def test_what_is_no_public_key_of_ocmf_is_refused(content, reason):
    with pytest.raises(KeyMaterialError, match=reason):
        PublicKey.read(content)


@given(
    content=st.binary()
    | st.text().map(str.encode)
    | st.tuples(st.integers(0, len(DER) - 1), st.integers(1, 255)).map(
        lambda flip: (
            DER[: flip[0]] + bytes([DER[flip[0]] ^ flip[1]]) + DER[flip[0] + 1 :]
        )
    )
)
def test_any_bytes_are_a_key_or_refused(content):
    try:
        found = PublicKey.read(content)
    except KeyMaterialError:
        return
    assert found.curve in Curve


@given(signature=st.binary(max_size=80))
def test_any_bytes_are_a_signature_or_refused(signature):
    assert not KEY.public.verifies(b"message", signature)


def private_pem(key, password=None) -> bytes:
    encryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


ON_P256 = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "not a private key in PEM"),
        (PEM, "not a private key in PEM"),
        (KEY.pem()[:60], "not a private key in PEM"),
        (private_pem(ON_P256, b"secret"), "encrypted"),
        (private_pem(ed25519.Ed25519PrivateKey.generate()), "elliptic curve"),
        (
            private_pem(ec.generate_private_key(ec.SECP521R1())),
            "OCMF has no such curve",
        ),
        (private_pem(ec.generate_private_key(ec.SECP256K1())), "use one of secp256r1"),
    ],
)
def test_what_cannot_sign_is_refused(pem, reason):
    with pytest.raises(KeyMaterialError, match=reason):
        SigningKey.read(pem)


def test_a_key_that_openssl_made_is_read():
    old_form = ON_P256.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    assert b"EC PRIVATE KEY" in old_form
    assert SigningKey.read(old_form).public.der == spki(ON_P256)


def unsupported(*_: object, **__: object) -> None:
    raise UnsupportedAlgorithm("not built in")


def test_a_curve_that_this_openssl_was_built_without_is_named(monkeypatch):
    monkeypatch.setattr(ec, "generate_private_key", unsupported)
    with pytest.raises(KeyMaterialError, match=r"secp256r1: not in this OpenSSL \(not"):
        SigningKey.generate(Curve.SECP256R1)


def test_a_library_that_would_sign_with_chance_is_refused(monkeypatch):
    monkeypatch.setattr(ec, "ECDSA", unsupported)
    with pytest.raises(SignerMissingError, match="deterministic nonces: pip install"):
        SigningKey.generate(Curve.SECP256R1)


def test_without_the_library_the_error_says_what_to_install():
    script = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from publisher.errors import SignerMissingError\n"
        "try:\n    import publisher.ecdsa\n"
        "except SignerMissingError as error:\n    print(error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert "pip install 'cryptography>=43'" in said.stdout


def test_composing_and_verifying_do_not_load_the_library():
    script = (
        "import sys; import publisher.ocmf, publisher.record\n"
        "import publisher.keygen, publisher.verify\n"
        "print('cryptography' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert said.stdout == "False\n"

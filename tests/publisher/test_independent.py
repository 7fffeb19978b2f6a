# SPDX-License-Identifier: Apache-2.0
"""Records of ours before verifiers that share no code with us: pyocmf and openssl."""

import shutil
import subprocess
from pathlib import Path

import msgspec
import pyocmf
import pytest
from hypothesis import given, settings
from pyocmf.exceptions import PyOCMFError

from ipc.identification import IdentificationFlag, IdentificationType
from publisher import ocmf, record
from publisher.ecdsa import PublicKey, SigningKey
from publisher.errors import KeyMaterialError
from publisher.ocmf import Cause, Sync, Unusable
from publisher.record import SIGNING_CURVES, Curve
from tests.strategies_ocmf import BEGIN, END, asked, changed, signed, transactions

VECTORS = Path(__file__).parents[1] / "vectors"
KEYS = {curve: SigningKey.generate(curve) for curve in SIGNING_CURVES}
NIST = SIGNING_CURVES[:2]
"""pyocmf 0.6.0 knows neither the specification's spelling of brainpoolP256r1 nor
brainpoolP384r1 at all: those are openssl's to verify."""

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl command line is not installed"
)


def openssl(folder: Path, text: str, key: PublicKey) -> bool:
    """Verify as a customer would by hand: the bytes between the pipes."""
    found = record.split(text)
    (folder / "payload").write_bytes(text.split("|")[1].encode())
    (folder / "signature").write_bytes(record.signature_bytes(found.signature))
    (folder / "key").write_bytes(key.der)
    command = ["openssl", "dgst", "-sha256", "-verify", "key", "-keyform", "DER"]
    done = subprocess.run(
        [*command, "-signature", "signature", "payload"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


@needs_openssl
@pytest.mark.parametrize("curve", SIGNING_CURVES)
def test_openssl_verifies_a_record_and_refuses_a_changed_one(tmp_path, curve):
    text = signed(KEYS[curve])
    assert openssl(tmp_path, text, KEYS[curve].public)
    assert not openssl(tmp_path, text.replace("269.110", "269.111"), KEYS[curve].public)


@pytest.mark.parametrize("curve", NIST)
def test_pyocmf_verifies_a_record_strictly_and_refuses_a_changed_one(curve):
    text, key = signed(KEYS[curve]), KEYS[curve].public.hex
    found = pyocmf.OCMF.from_string(text, strict=True)
    assert found.verify_signature(key)
    assert found.check_eichrecht() == []
    changed_text = text.replace("269.110", "269.111")
    assert not pyocmf.OCMF.from_string(changed_text, strict=True).verify_signature(key)


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause.is_end])
def test_pyocmf_accepts_every_way_to_end(cause):
    text = signed(KEYS[Curve.SECP256R1], readings=(BEGIN, changed(END, cause=cause)))
    assert pyocmf.OCMF.from_string(text, strict=True).check_eichrecht() == []


def test_pyocmf_warns_of_the_time_after_a_power_failure_and_of_nothing_else():
    end = changed(
        END, cause=Cause.POWER_FAILURE, sync=Sync.UNKNOWN, unusable=Unusable.TIME
    )
    text = signed(KEYS[Curve.SECP256R1], readings=(BEGIN, end))
    issues = pyocmf.OCMF.from_string(text, strict=True).check_eichrecht()
    assert {str(issue.severity) for issue in issues} == {"warning"}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (IdentificationType.ISO15693, "E007000012345678"),
        (IdentificationType.EMAID, "DETNME12345678X"),
        (IdentificationType.EVCCID, "0A1B2C3D4E5F"),
        (IdentificationType.CENTRAL, "é|"),
        (IdentificationType.NONE, None),
    ],
)
def test_pyocmf_reads_every_kind_of_user_strictly(kind, data):
    request = asked(
        identification_type=kind, identification_data=data, tariff_text="0,49 €|kWh"
    )
    text = signed(KEYS[Curve.SECP256R1], request=request)
    found = pyocmf.OCMF.from_string(text, strict=True)
    assert found.verify_signature(KEYS[Curve.SECP256R1].public.hex)
    assert data == found.payload.ID
    assert found.payload.TT == "0,49 €|kWh"


def test_pyocmf_knows_every_flag():
    for flag in IdentificationFlag:
        text = signed(KEYS[Curve.SECP256R1], request=asked(identification_flags=[flag]))
        assert [flag.value] == pyocmf.OCMF.from_string(text, strict=True).payload.IF


@pytest.mark.slow
@given(parts=transactions())
@settings(max_examples=50)
def test_pyocmf_verifies_whatever_can_be_composed(parts):
    text = record.sign(ocmf.compose(**parts), KEYS[Curve.SECP256R1])
    found = pyocmf.OCMF.from_string(text)
    assert found.verify_signature(KEYS[Curve.SECP256R1].public.hex)


def vectors():
    for name in ("ocmf_vectors.jsonl", "ocmf_gateway_vectors.jsonl"):
        for line in (VECTORS / name).read_text().splitlines()[1:]:
            vector = msgspec.json.decode(line)
            if "record" in vector:
                yield pytest.param(vector["record"], vector["key"], id=vector["id"])


def ours(text: str, key: str) -> bool:
    try:
        return record.verify(text, PublicKey.read(key.encode())).is_valid
    except KeyMaterialError:
        return False


NOT_FOR_OPENSSL = {
    "safe:xml/isa-ocmf/OCMF-receipt-with_publickey_and_data.xml#0",  # a bare point
    "safe:xml/test_ocmf_transaction_two_values.xml#1",  # on secp192k1: not for us
    "safe:xml/second_key_fail_ocmf.xml#1",  # the wrong curve: nobody tells openssl
    "pipe in TT",  # no record: nothing to hand over
}


@needs_openssl
@pytest.mark.parametrize(
    ("text", "key"), [each for each in vectors() if each.id not in NOT_FOR_OPENSSL]
)
def test_openssl_agrees_with_us_on_every_vector(tmp_path, text, key):
    assert openssl(tmp_path, text, PublicKey.read(key.encode())) is ours(text, key)


UNKNOWN_TO_PYOCMF = ("everest:em580", "ok:brainpoolP384r1")
UNKNOWN_TO_US = "safe:xml/test_ocmf_transaction_two_values.xml#1"


@pytest.mark.filterwarnings("ignore::pyocmf.exceptions.SpecWarning")
@pytest.mark.parametrize(("text", "key"), [*vectors()])
def test_pyocmf_agrees_with_us_on_every_vector(text, key, request):
    name = request.node.callspec.id
    try:
        theirs = pyocmf.OCMF.from_string(text).verify_signature(key)
    except PyOCMFError:
        theirs = False
    if name.startswith(UNKNOWN_TO_PYOCMF):
        assert not theirs  # once it knows brainpoolP384r1, this exception goes
    elif name == UNKNOWN_TO_US:
        assert not ours(text, key)  # secp192k1 is not in the library that we use
    else:
        assert ours(text, key) is theirs

# SPDX-License-Identifier: Apache-2.0
"""A record signed, split and verified: nothing that was changed passes for whole."""

import base64

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import ocmf, record
from publisher.ecdsa import SigningKey
from publisher.errors import OcmfError, RecordError
from publisher.record import SIGNING_CURVES, Curve, Verdict
from tests.strategies_ocmf import asked, composed, signed, transactions

KEYS = {curve: SigningKey.generate(curve) for curve in SIGNING_CURVES}
KEY = KEYS[Curve.SECP256R1]
RECORD = signed(KEY)


@pytest.mark.parametrize("curve", SIGNING_CURVES)
@given(parts=transactions())
@settings(max_examples=25)
def test_what_is_composed_and_signed_verifies_and_is_kept_as_it_was(curve, parts):
    payload = ocmf.compose(**parts)
    text = record.sign(payload, KEYS[curve])
    assert text.isascii()
    assert record.split(text).payload == payload
    assert record.verify(text, KEYS[curve].public).is_valid


@pytest.mark.parametrize("curve", SIGNING_CURVES)
def test_the_usual_record_would_be_refused_by_nobody(curve):
    assert record.verify(signed(KEYS[curve]), KEYS[curve].public) == Verdict(
        reason=None, record=record.split(signed(KEYS[curve]))
    )


def test_the_same_transaction_has_the_same_record():
    assert signed(KEY) == RECORD


@given(data=st.data())
@settings(max_examples=200)
def test_a_single_changed_character_of_the_payload_is_refused(data):
    start, end = RECORD.index("|") + 1, RECORD.rindex("|")
    at = data.draw(st.integers(start, end - 1))
    other = data.draw(st.characters().filter(lambda found: found != RECORD[at]))
    changed = RECORD[:at] + other + RECORD[at + 1 :]
    assert not record.verify(changed, KEY.public).is_valid


@given(data=st.data())
@settings(max_examples=200)
def test_a_single_changed_character_of_the_signature_is_refused(data):
    start, end = RECORD.index('"SD":"') + 6, len(RECORD) - 2
    at = data.draw(st.integers(start, end - 1))
    # Hex in lower case is the same signature.
    other = data.draw(
        (st.characters() | st.sampled_from("0123456789ABCDEF")).filter(
            lambda found: found.upper() != RECORD[at]
        )
    )
    changed = RECORD[:at] + other + RECORD[at + 1 :]
    assert not record.verify(changed, KEY.public).is_valid


@given(at=st.integers(0, RECORD.rindex("|")))
def test_a_record_that_lost_a_character_is_refused(at):
    assert not record.verify(RECORD[:at] + RECORD[at + 1 :], KEY.public).is_valid


def test_another_key_of_the_same_curve_is_refused():
    other = SigningKey.generate(Curve.SECP256R1).public
    verdict = record.verify(RECORD, other)
    assert (
        verdict.reason == "the signature is not this key's, or the payload was changed"
    )
    assert verdict.record
    assert not verdict.warnings


def test_a_key_on_another_curve_is_refused_by_name():
    verdict = record.verify(RECORD, KEYS[Curve.SECP384R1].public)
    assert verdict.reason == (
        "SA: the record is signed on secp256r1, the public key is on secp384r1"
    )


def test_the_algorithm_is_written_as_the_specification_spells_it():
    written = {curve: record.split(signed(KEYS[curve])).signature.SA for curve in KEYS}
    assert written == {
        Curve.SECP256R1: "ECDSA-secp256r1-SHA256",
        Curve.SECP384R1: "ECDSA-secp384r1-SHA256",
        Curve.BRAINPOOL_P256R1: "ECDSA-brainpool256r1-SHA256",
        Curve.BRAINPOOL_P384R1: "ECDSA-brainpool384r1-SHA256",
    }


@pytest.mark.parametrize("curve", SIGNING_CURVES[2:])
def test_a_meters_own_spelling_of_the_brainpool_curves_is_read(curve):
    text = signed(KEYS[curve]).replace("brainpool", "brainpoolP")
    assert record.verify(text, KEYS[curve].public).is_valid


def resigned(**section: str) -> str:
    """Give the usual record with another signature section."""
    payload = record.split(RECORD).payload
    return f"OCMF|{payload}|{msgspec.json.encode(section).decode()}"


SIGNATURE = bytes.fromhex(record.split(RECORD).signature.SD)


def test_without_an_algorithm_secp256r1_is_meant():
    assert record.verify(resigned(SD=SIGNATURE.hex()), KEY.public).is_valid


def test_a_signature_in_base64_is_read_where_it_says_so():
    text = base64.b64encode(SIGNATURE).decode()
    assert record.verify(resigned(SD=text, SE="base64"), KEY.public).is_valid
    assert record.verify(resigned(SD=text), KEY.public).reason == (
        "SD: not a text of hexadecimal bytes"
    )


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"SD": "00", "SE": "base32"}, "SE: 'base32': only hex and base64"),
        ({"SD": "#", "SE": "base64"}, "SD: not base64"),
        ({"SD": "é", "SE": "base64"}, "SD: not base64"),
        ({"SD": "3"}, "SD: not a text of hexadecimal bytes"),
        ({"SD": ""}, "SD: not a text of hexadecimal bytes"),
        ({"SD": "00", "SM": "text/plain"}, "SM: 'text/plain': only application/x-der"),
        (
            {"SD": "00", "SA": "RSA"},
            "SA: algorithm 'RSA' is not one of ECDSA-secp256r1",
        ),
        ({"SA": "ECDSA-secp256r1-SHA256"}, "signature section: .*`SD`"),
        ({"SD": SIGNATURE.hex() + "00"}, "the signature is not this key's"),
        ({"SD": "00" * 64}, "the signature is not this key's"),
    ],
)
def test_a_signature_section_that_is_not_ocmfs_is_refused_with_the_reason(
    section, reason
):
    verdict = record.verify(resigned(**section), KEY.public)
    with pytest.raises(AssertionError, match=f"^{reason}"):
        raise AssertionError(verdict.reason)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OCMF",
        "OCMF|{}",
        "OCMF|{}|",
        "ocmf|{}|{}",
        " OCMF|{}|{}",
        "OCMF|{}|{}|{}",
        'OCMF|[]|{"SD":"00"}',
        'OCMF|{"a":NaN}|{"SD":"00"}',
        'OCMF|{"a":"\ud800"}|{"SD":"00"}',
        'OCMF|{}|{"SD":0}',
        "|" * 10_000_000,
        "OCMF|" + "[" * 10_000_000 + "|{}",
        "OCMF|" + '{"a":' * 1_000_000 + "|{}",
        'OCMF|{"a":' + "9" * 1_000_000 + '}|{"SD":"00"}',
    ],
    ids=lambda text: f"{len(text)}-{text[:12]!a}",
)
def test_what_is_no_record_is_refused_and_nothing_is_raised(text):
    verdict = record.verify(text, KEY.public)
    assert not verdict.is_valid
    with pytest.raises(RecordError):
        record.split(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)

READING = st.dictionaries(
    st.sampled_from(("TM", "TX", "RV", "RI", "RU", "RT", "EF", "ST")), JSON
)

PAYLOADS = st.dictionaries(
    st.sampled_from(("FV", "PG", "IL", "RD", "GS")), JSON | st.lists(READING)
)


@given(
    text=st.text() | st.tuples(st.text(), st.text()).map("|".join).map("OCMF|".__add__)
)
def test_any_text_gets_a_verdict(text):
    assert not record.verify(text, KEY.public).is_valid


@pytest.mark.slow
@given(payload=PAYLOADS)
def test_any_signed_payload_gets_a_verdict_and_its_warnings(payload):
    text = msgspec.json.encode(payload).decode().replace("|", "\\u007c")
    assert record.verify(record.sign(text, KEY), KEY.public).is_valid


def test_the_largest_record_that_can_be_asked_for_fits_into_ocpp():
    wide = "\U0001f50c"  # twelve characters once it is escaped
    text = signed(
        KEYS[Curve.BRAINPOOL_P384R1],
        request=asked(
            identification_type="CENTRAL",
            identification_data=wide * 40,
            tariff_text=wide * 250,
            evse_id=wide * 100,
            transaction_id=wide * 100,
        ),
        source=ocmf.Source(
            **dict.fromkeys(ocmf.Source.__struct_fields__[:-1], wide * 100),
            controller_firmware=wide * 25,
        ),
    )
    assert len(text) < record.LONGEST


def test_a_record_that_ocpp_cannot_carry_is_not_made():
    payload = composed()[:-1] + " " * record.LONGEST + "}"
    with pytest.raises(OcmfError, match="OCPP takes 32768"):
        record.sign(payload, KEY)

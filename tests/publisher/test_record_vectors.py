# SPDX-License-Identifier: Apache-2.0
"""Records of other makers: each has the verdict that the other verifiers give it."""

from pathlib import Path

import msgspec
import pytest

from publisher import record
from publisher.ecdsa import PublicKey
from publisher.errors import KeyMaterialError
from publisher.record import Verdict

VECTORS = Path(__file__).parents[1] / "vectors"


class Other(msgspec.Struct, frozen=True):
    """A record of another maker, or a tampered one, and what others made of it."""

    id: str
    record: str
    key: str
    signature_valid: bool
    verdicts: dict[str, bool | None]


class Found(msgspec.Struct, frozen=True):
    verified: bool


class Gateway(msgspec.Struct, frozen=True):
    """A record, or a pair of them, as a gateway may write it."""

    id: str
    key: str
    safe: Found
    record: str | None = None
    pyocmf: Found | None = None
    start: str | None = None
    stop: str | None = None


def vectors(name, kind):
    lines = (VECTORS / name).read_text().splitlines()
    assert lines[0].startswith("# Source: ")
    return [msgspec.json.decode(line, type=kind) for line in lines[1:]]


OTHERS = vectors("ocmf_vectors.jsonl", Other)

GATEWAYS = [
    vector
    for vector in vectors("ocmf_gateway_vectors.jsonl", Gateway)
    if vector.record is not None
]

PAIRS = [
    vector
    for vector in vectors("ocmf_gateway_vectors.jsonl", Gateway)
    if vector.record is None
]


def judged(text: str, key: str) -> Verdict:
    try:
        public = PublicKey.read(key.encode())
    except KeyMaterialError as error:
        return Verdict(reason=f"key: {error}")
    return record.verify(text, public)


NO_SUCH_CURVE = "safe:xml/test_ocmf_transaction_two_values.xml#1"
"""On secp192k1, which the library has not: nothing can be said, so it is not valid."""

BARE_POINT = "safe:xml/isa-ocmf/OCMF-receipt-with_publickey_and_data.xml#0"
"""Its key is X||Y and its signature r||s: only who guesses the curve can check it.
S.A.F.E., pyocmf and openssl refuse it too."""

UNREADABLE_TIME = {"TM Z", "TM +01:00"}
"""S.A.F.E. accepts them but cannot show when it was charged, so we warn."""


def test_the_vectors_are_all_there():
    assert (len(OTHERS), len(GATEWAYS), len(PAIRS)) == (27, 68, 8)


@pytest.mark.parametrize("vector", OTHERS, ids=lambda vector: vector.id)
def test_records_of_other_makers_have_the_verdict_of_the_other_verifiers(vector):
    verdict = judged(vector.record, vector.key)
    if vector.id in {NO_SUCH_CURVE, BARE_POINT}:
        assert verdict.reason
        assert verdict.reason.startswith("key: ")
        return
    assert verdict.is_valid is vector.signature_valid, verdict.reason
    passes_safe = verdict.is_valid and not verdict.warnings
    assert passes_safe is vector.verdicts["safe_1_4_1"], verdict.warnings


@pytest.mark.parametrize("vector", GATEWAYS, ids=lambda vector: vector.id)
def test_records_in_gateway_form_have_the_verdict_of_the_transparency_software(vector):
    verdict = judged(vector.record, vector.key)
    passes_safe = verdict.is_valid and not verdict.warnings
    assert passes_safe is (vector.safe.verified and vector.id not in UNREADABLE_TIME)
    if not vector.id.startswith("ok:brainpoolP384r1"):  # pyocmf does not know the curve
        assert verdict.is_valid is vector.pyocmf.verified, verdict.reason


@pytest.mark.parametrize("vector", OTHERS, ids=lambda vector: vector.id)
def test_another_makers_payload_is_kept_to_the_character(vector):
    start, end = vector.record.index("|") + 1, vector.record.rindex("|")
    assert record.split(vector.record).payload == vector.record[start:end]


@pytest.mark.parametrize("vector", PAIRS, ids=lambda vector: vector.id)
def test_each_half_of_a_pair_is_valid_by_itself(vector):
    # How halves belong together is not judged: we write both ends into one record.
    for half in (vector.start, vector.stop):
        verdict = judged(half, vector.key)
        assert verdict.is_valid
        assert not verdict.warnings

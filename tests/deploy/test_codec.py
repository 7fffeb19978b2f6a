# SPDX-License-Identifier: Apache-2.0
"""The stand-in's codec gives EVerest's own verdicts."""

import contextlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.codec import Kind, decode
from deploy.demo.fields import Rejected, float32


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the vectors: what EVerest made of a text, or why it refused it."""

    type: Kind
    json: str
    verdict: str
    result: str


VECTORS = Path(__file__).parents[1] / "vectors" / "everest_codec_verdicts.jsonl"
_SOURCE, _, LINES = VECTORS.read_text().partition("\n")
CASES = msgspec.json.Decoder(Case).decode_lines(LINES)
ACCEPTED = [case for case in CASES if case.verdict == "OK"]
REFUSED = [case for case in CASES if case.verdict == "ERR"]


def test_the_vectors_hold_verdicts_of_both_kinds_and_no_other():
    assert len(ACCEPTED) + len(REFUSED) == len(CASES)
    assert ACCEPTED
    assert REFUSED


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: f"{case.type} {case.json}")
def test_what_everest_accepts_is_accepted_with_the_same_result(case):
    assert decode(case.type, case.json.encode()) == msgspec.json.decode(case.result)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case.type} {case.json}")
def test_what_everest_refuses_is_refused(case):
    with pytest.raises(Rejected):
        decode(case.type, case.json.encode())


@given(kind=st.sampled_from(Kind), payload=st.binary(max_size=200))
def test_no_bytes_do_worse_than_being_refused(kind, payload):
    with contextlib.suppress(Rejected):
        decode(kind, payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("timestamp", "energy_Wh_import", "total", "status"))
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(kind=st.sampled_from(Kind), document=JSON)
def test_no_document_does_worse_than_being_refused(kind, document):
    with contextlib.suppress(Rejected):
        decode(kind, msgspec.json.encode(document))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float32_stays_what_it_is(value):
    assert float32(value) == value


@pytest.mark.parametrize(
    "value", [1e300, -1e300, 3.5e38, pytest.param(10**400, id="10**400")]
)
def test_a_number_beyond_float32_is_refused_for_it_would_take_everest_down(value):
    with pytest.raises(Rejected, match="take EVerest down"):
        float32(value)


def test_a_refusal_names_the_key_in_its_place():
    payload = b'{"timestamp":"t","energy_Wh_import":{"total":1,"L2":null}}'
    with pytest.raises(Rejected, match=r"^energy_Wh_import: L2: type must be number"):
        decode(Kind.POWERMETER_VALUES, payload)

# SPDX-License-Identifier: Apache-2.0
"""A meter's record: whose it is, whether it verifies, and kept to the byte."""

import pytest

from publisher import record
from publisher.journal import Journal
from publisher.ocmf import Sync
from publisher.reading import Kept
from publisher.signing import owner
from publisher.signing.ledger import Ledger
from publisher.signing.standing import Signer
from tests.publisher.signing.meters import key_of
from tests.publisher.test_record_vectors import OTHERS

REAL = [v for v in OTHERS if v.id in {"everest:em580", "safe:EfT iskra WM3M4C"}]


def signed(payload, serial="W1"):
    return record.sign(payload, key_of(serial))


@pytest.mark.parametrize("vector", REAL, ids=lambda vector: vector.id)
def test_real_records_of_these_meters_verify_and_come_out_as_they_went_in(
    vector, tmp_path
):
    assert owner.complaint(vector.record, None, vector.key) == ""
    signer = Signer(
        vendor="V", model="M", serial="S", firmware="1", public_key=vector.key
    )
    kept = Kept(
        transaction_id="t-1",
        record=vector.record,
        start=None,
        public_key=vector.key,
        complaint="",
    )
    with Journal.open(tmp_path / "journal.db") as journal:
        ledger = Ledger(journal)
        given = ledger.keep("m", kept, signer, wall_ns=1, sync=Sync.SYNCHRONISED)
        assert given == kept
        assert ledger.find("m", "t-1") == kept


@pytest.mark.parametrize("vector", REAL, ids=lambda vector: vector.id)
def test_a_real_record_with_one_character_changed_does_not_verify(vector):
    changed = vector.record.replace('"ST":"G"', '"ST":"E"', 1)
    assert changed != vector.record
    assert "changed" in owner.complaint(changed, None, vector.key)


def test_both_real_records_are_there():
    assert len(REAL) == 2


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ('{"TT":"0,50 EUR<=>b7a1"}', "b7a1"),
        ('{"TT":"<=>b7a1"}', "b7a1"),
        ('{"TT":"a<=>b<=>c"}', "c"),
        ('{"TT":"0,50 EUR"}', None),
        ('{"TT":"0,50 EUR<=>"}', None),
        ('{"TT":7}', None),
        ("{}", None),
    ],
)
def test_the_id_is_behind_the_last_separator_of_the_tariff_text(payload, name):
    assert owner.transaction_id(signed(payload)) == name


@pytest.mark.parametrize("text", ["", "OCMF|", "OCMF|{}|{}|", "\0\0", "OCMF|{|{}"])
def test_what_is_no_record_names_nobody_and_does_not_verify(text):
    assert owner.transaction_id(text) is None
    assert owner.complaint(text, None, key_of("W1").public.hex) != ""
    assert owner.nobody(text).startswith("unknown-")


def test_a_key_that_is_none_is_the_complaint():
    text = signed("{}")
    assert "no public key" in owner.complaint(text, None, "")
    assert "public key" in owner.complaint(text, None, "04ABCD")


def test_a_begin_signed_apart_is_verified_too():
    public = key_of("W1").public.hex
    assert owner.complaint(signed("{}"), signed('{"TX":"B"}'), public) == ""
    other = signed('{"TX":"B"}', "W2")
    assert "start record" in owner.complaint(signed("{}"), other, public)

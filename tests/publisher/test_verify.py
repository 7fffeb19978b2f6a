# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher verify, as a person meets it: and as an attacker does."""

import argparse
import io
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from ipc.identification import IdentificationLevel
from publisher import record, verify
from publisher.ecdsa import SigningKey
from publisher.ocmf import MeterState, Unusable
from publisher.record import Curve, Verdict
from tests.strategies_ocmf import BEGIN, END, asked, changed, composed, signed

KEY = SigningKey.generate(Curve.SECP256R1)
HEX = KEY.public.hex
RECORD = signed(KEY)


def run(text, key=HEX) -> int:
    parser = argparse.ArgumentParser()
    verify.add_arguments(parser)
    return verify.run(parser.parse_args([str(text), "--public-key", str(key)]))


def test_a_valid_record_is_shown_with_its_readings(capsys):
    assert run(RECORD) == 0
    assert capsys.readouterr().out == (
        "valid: the signature is this key's and nothing was changed\n"
        "algorithm    ECDSA-secp256r1-SHA256\n"
        "pagination   T17\n"
        "gateway      gateway proto GW-0001 0.1.0\n"
        "meter        Eastron SDM630 12345678 1.22\n"
        "user         ISO14443 1F2D3A4F5506C7 HEARSAY RFID_PLAIN OCPP_NONE"
        " ISO15118_NONE PLMN_NONE\n"
        "tariff       0.49 EUR/kWh\n"
        "charge point EVSEID DE*ABC*E0001*1\n"
        "vendor's U1  5f1e5b3c-6d3f-4b0e-9a55-6f5b3c6d3f4b\n"
        "reading      2025-12-17T11:09:16,000+0000 S  begin: 268.978 kWh"
        "  (1-0:1.8.0, state G)\n"
        "reading      2025-12-17T11:30:30,250+0000 S  end: 269.110 kWh"
        "  (1-0:1.8.0, state G)\n"
        "energy       0.132 kWh\n"
    )


def test_a_changed_record_says_so_first_and_tells_no_energy(capsys):
    assert run(RECORD.replace("269.110", "268.990")) == 1
    said = capsys.readouterr().out
    assert said.startswith("NOT VALID: the signature is not this key's, or the payload")
    assert "what it says, and nobody vouches for:" in said
    assert "energy" not in said


def test_a_valid_record_that_cannot_be_billed_warns_and_tells_no_energy(capsys):
    level = IdentificationLevel.MISMATCH
    assert run(signed(KEY, request=asked(identification_level=level))) == 0
    said = capsys.readouterr().out
    assert "warning: not for S.A.F.E.: IL: MISMATCH" in said
    assert "energy  " not in said


@pytest.mark.parametrize(
    ("of", "by"), [('"TX":"E"', '"TX":"C"'), ('"PG":"T17"', '"PG":"F17"')]
)
def test_what_is_no_whole_transaction_tells_no_energy(capsys, of, by):
    assert run(record.sign(composed().replace(of, by), KEY)) == 0
    assert "energy       not told" in capsys.readouterr().out


def test_a_reading_without_a_value_is_shown_as_one(capsys):
    missed = changed(
        END, energy_mwh=None, state=MeterState.TIMEOUT, unusable=Unusable.ENERGY
    )
    assert run(signed(KEY, readings=(BEGIN, missed))) == 0
    assert "end: no value kWh  (, state T, unusable: E)" in capsys.readouterr().out


def test_the_record_may_be_a_file(tmp_path, capsys):
    path = tmp_path / "record.ocmf"
    path.write_text(f"\n{RECORD}\n")
    assert run(path) == 0
    assert "valid" in capsys.readouterr().out


def test_the_record_may_come_from_standard_input(monkeypatch):
    piped = io.TextIOWrapper(io.BytesIO(f"{RECORD}\n".encode()))
    monkeypatch.setattr(sys, "stdin", piped)
    assert run("-") == 0


@pytest.mark.parametrize(
    "encoding", [serialization.Encoding.PEM, serialization.Encoding.DER]
)
def test_the_public_key_may_be_a_file(tmp_path, encoding):
    path = tmp_path / "public"
    path.write_bytes(
        serialization.load_der_public_key(KEY.public.der).public_bytes(
            encoding,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
    )
    assert run(RECORD, path) == 0


def test_without_a_public_key_nothing_is_verified(capsys):
    parser = argparse.ArgumentParser()
    verify.add_arguments(parser)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args([RECORD])
    assert ended.value.code == 2
    assert "--public-key" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["", "0", "nothing", "30" * 5000, "\0", HEX[2:]])
def test_what_is_neither_a_key_nor_a_file_is_a_wrong_argument(key, capsys):
    assert run(RECORD, key) == 2
    said = capsys.readouterr()
    assert "neither a public key nor a file" in said.err
    assert not said.out


def test_a_file_without_a_key_is_a_wrong_argument(tmp_path, capsys):
    path = tmp_path / "public"
    path.write_bytes(KEY.pem())
    assert run(RECORD, path) == 2
    assert f"{path}: not a public key" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "nothing", "ocmf|{}|{}", "x" * 5000, "\0"])
def test_what_is_neither_a_record_nor_a_file_is_a_wrong_argument(text, capsys):
    assert run(text) == 2
    assert "neither a record nor a file" in capsys.readouterr().err


def test_a_directory_is_a_wrong_argument(tmp_path, capsys):
    assert run(tmp_path) == 2
    assert "Is a directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a record"),
        (b"\xff\xfe", "not UTF-8 text: byte 0"),
        (b"OCMF|" + b"[" * 10_000_000 + b"|{}", "longer than 1000000 bytes"),
        (b"OCMF|" + b"[" * 900_000 + b"|{}", "payload section"),
        (b'OCMF|{"RD":' + b"[" * 900_000 + b"|{}", "payload section"),
    ],
)
def test_a_hostile_file_is_not_valid(tmp_path, capsys, content, reason):
    path = tmp_path / "record.ocmf"
    path.write_bytes(content)
    assert run(path) == 1
    said = capsys.readouterr().out
    assert said.startswith("NOT VALID: ")
    assert reason in said
    assert len(said) < 500


def test_an_argument_that_is_not_utf8_is_not_valid(capsys):
    assert run("OCMF|\udcff|{}") == 1
    assert "not UTF-8 text: byte 5" in capsys.readouterr().out


def test_an_endless_file_is_not_read_to_its_end(capsys):
    assert run("/dev/zero") == 1
    assert "longer than 1000000 bytes" in capsys.readouterr().out


def test_a_record_cannot_move_the_terminals_cursor(capsys):
    assert run(signed(KEY, request=asked(tariff_text="\x1b[2J\r\u202e€"))) == 0
    said = capsys.readouterr().out
    assert r"tariff       \x1b[2J\r\u202e\u20ac" in said
    assert said.replace("\n", "").isprintable()
    assert said.isascii()


def test_a_record_with_very_many_readings_is_shown_in_part(capsys):
    payload = '{"RD":[' + ",".join(['{"RV":1}'] * 1000) + "]}"
    assert run(record.sign(payload, KEY)) == 0
    said = capsys.readouterr().out
    assert said.count("reading  ") == verify.MOST_READINGS
    assert "and 900 readings more" in said


TEXT = st.text(max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    payload=st.dictionaries(
        st.sampled_from(("PG", "GI", "MS", "IT", "IF", "TT", "CI", "RD")),
        ANYTHING
        | st.lists(
            st.dictionaries(st.sampled_from(("TM", "TX", "RV", "RU")), ANYTHING)
        ),
    )
)
@pytest.mark.slow
def test_whatever_was_signed_can_be_shown(payload):
    found = record.Record(
        payload="", fields=payload, signature=record.Signature(SD="00")
    )
    assert list(verify.describe(Verdict(reason=None, record=found)))

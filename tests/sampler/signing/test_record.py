# SPDX-License-Identifier: Apache-2.0
"""Where a record ends in its registers, and signatures in the one form that counts."""

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given
from hypothesis import strategies as st

from sampler.signing.record import der, lenient, trimmed
from tests.sampler.simulator.signing.host import real

REAL = ["everest:em580", "safe:EfT iskra WM3M4C", "bsm-python:1"]
HALF = st.integers(1, 2**256 - 1)


@pytest.mark.parametrize("name", REAL)
@given(padding=st.binary(max_size=300))
def test_a_real_record_is_cut_where_it_ends_whatever_stands_behind_it(name, padding):
    record = real(name).encode()
    assert trimmed(record + padding) == record


@pytest.mark.parametrize(
    ("registers", "record"),
    [
        (b'OCMF|{"ID":"}|{"}|{"SD":"a}\\"}b"}}}', b'OCMF|{"ID":"}|{"}'),
        (b'OCMF|{}|{"SD":"a}\\"}b"}}}', b'OCMF|{}|{"SD":"a}\\"}b"}'),
        (b'OCMF|{}|{"SD":"abc\0\0', b'OCMF|{}|{"SD":"abc'),
        (b"OCMF|{}\0\0\0", b"OCMF|{}"),
        (b"OCMF|{}| \0", b"OCMF|{}| "),
        (b"\0\0", b""),
        (b"", b""),
    ],
    ids=range(7),
)
def test_a_record_without_an_end_loses_nothing_but_what_fills_it_up(registers, record):
    found = trimmed(registers)
    assert registers.startswith(found)
    if record.count(b"|") == 2 and b"ID" not in record:
        assert found == record


@given(st.binary(max_size=100) | st.text('OCMF|{}"\\\0a', max_size=100).map(str.encode))
def test_of_whatever_stands_there_only_the_end_is_cut(registers):
    assert registers.startswith(trimmed(registers))


@given(r=HALF, s=HALF)
def test_a_signature_is_in_strict_form(r, s):
    assert der(r, s) == encode_dss_signature(r, s)
    assert decode_dss_signature(der(r, s)) == (r, s)


@given(r=HALF, s=HALF, zeros=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_a_signature_with_superfluous_zeros_is_read_as_what_it_means(r, s, zeros):
    body = b""
    for number, more in zip((r, s), zeros, strict=True):
        size = number.bit_length() // 8 + 1 + more
        body += bytes((2, size)) + number.to_bytes(size)
    assert lenient(bytes((0x30, len(body))) + body) == (r, s)


@given(st.binary(max_size=80))
def test_what_is_no_signature_is_none_or_two_numbers(signature):
    numbers = lenient(signature)
    assert numbers is None or len(numbers) == 2


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "30",
        "310602010102 0102",
        "3000",
        "3003020101",
        "3009020101020102020103",
        "3006020101020102 00",
        "3006020101020502",
        "3006020101030102",
        "300602010102",
    ],
    ids=[
        "nothing",
        "a tag",
        "no sequence",
        "empty",
        "one number",
        "three numbers",
        "more behind it",
        "cut short",
        "no second number",
        "no length",
    ],
)
def test_what_is_not_two_numbers_and_nothing_else_is_no_signature(signature):
    assert lenient(bytes.fromhex(signature)) is None

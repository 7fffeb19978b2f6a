# SPDX-License-Identifier: Apache-2.0
"""Numbers and texts to registers, against bytes worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.form import Fixed, Scaled, text


@pytest.mark.parametrize(
    ("form", "number", "written"),
    [
        (Scaled(name="uint16", scale=0.1), 230.3, "08FF"),
        (Scaled(name="int16", scale=0.1), -12.3, "FF85"),
        (Scaled(name="uint32"), 0x01020304, "01020304"),
        (Scaled(name="int32", low_first=True), 0x01020304, "03040102"),
        (Scaled(name="int64", low_first=True), -2, "FFFEFFFFFFFFFFFF"),
        (Scaled(name="uint64", scale=10_000, floor=True), 19_999, "0000000000000001"),
        (Scaled(name="float32", scale=1000), 1500, "3FC00000"),
        (Scaled(name="float32", low_first=True), 1.5, "00003FC0"),
        (Scaled(name="float64"), 1.5, "3FF8000000000000"),
        (Scaled(name="iskra-t5"), 123.456, "FC12D680"),
        (Scaled(name="iskra-t6"), -1.0, "FAF0BDC0"),
        (Scaled(name="uint16"), -5, "0000"),
        (Scaled(name="uint16"), 1e9, "FFFE"),  # FFFF would say "not available"
        (Scaled(name="int16"), 1e9, "7FFE"),
        (Fixed(data=b"\x01\x4b"), 7, "014B"),
    ],
)
def test_a_number_is_written_as_its_encoding_says(form, number, written):
    assert form.pack(number) == bytes.fromhex(written)
    assert form.words == len(written) // 4


def test_a_text_is_padded_and_cut():
    assert text("B23", words=2, low=False) == Fixed(data=b"B23\0")
    assert text("B23", words=3, low=True) == Fixed(data=b"\0B\x002\x003")
    assert text("22000005", words=2, low=False) == Fixed(data=b"2200")


@given(st.floats(-1e9, 1e9))
def test_iskras_form_keeps_six_digits(number):
    data = Scaled(name="iskra-t6").pack(number)
    exponent = int.from_bytes(data[:1], signed=True)
    mantissa = int.from_bytes(data[1:], signed=True)
    assert mantissa * 10.0**exponent == pytest.approx(number, rel=1e-6, abs=1e-6)

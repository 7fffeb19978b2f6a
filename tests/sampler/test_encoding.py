# SPDX-License-Identifier: Apache-2.0
"""Encodings: how long, and which count means "not available"."""

import doctest
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler import encoding, field
from sampler.encoding import Encoding, Unavailable, split


@pytest.mark.parametrize("each", Encoding)
def test_the_words_of_an_encoding_are_those_of_its_code(each):
    assert struct.calcsize(f">{each.code}") == 2 * each.words


@pytest.mark.parametrize(
    ("says", "each", "count"),
    [
        (Unavailable.LARGEST, Encoding.UINT16, 0xFFFF),
        (Unavailable.LARGEST, Encoding.INT16, 0x7FFF),
        (Unavailable.LARGEST, Encoding.INT32, 0x7FFFFFFF),
        (Unavailable.LARGEST, Encoding.UINT64, 2**64 - 1),
        (Unavailable.SUNSPEC, Encoding.UINT32, 0xFFFFFFFF),
        (Unavailable.SUNSPEC, Encoding.INT16, -0x8000),
        (Unavailable.SUNSPEC, Encoding.FLOAT32, None),
        (Unavailable.LARGEST, Encoding.ISKRA_T5, None),
    ],
)
def test_the_count_that_says_not_available(says, each, count):
    assert says.sentinel(each) == count


@given(st.integers(-128, 127), st.integers(-(2**23), 2**23 - 1))
def test_iskras_t6_splits_into_what_it_was_made_of(exponent, mantissa):
    word = (exponent & 0xFF) << 24 | (mantissa & 0xFFFFFF)
    assert split(Encoding.ISKRA_T6, word) == (mantissa, exponent)
    assert split(Encoding.ISKRA_T5, word) == (mantissa & 0xFFFFFF, exponent)


@pytest.mark.parametrize("module", [encoding, field])
def test_the_examples_in_the_text_are_true(module):
    result = doctest.testmod(module)
    assert result.attempted > 0 == result.failed

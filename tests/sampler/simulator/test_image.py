# SPDX-License-Identifier: Apache-2.0
"""The register image: spans, cells and settings."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.frame import ExceptionCode
from sampler.simulator.image import Cell, Encoding, Image, Setting, Table
from sampler.simulator.load import Load

STATE = Load(seed=1, power_w=11_000).at(0)

MEASURED = Table(
    read_codes=frozenset({4}),
    spans=(range(8), range(20, 22)),
    cells=(
        Cell(address=2, encoding=Encoding.FLOAT32, value=lambda _: 1.5),
        Cell(address=20, encoding=Encoding.U32, value=lambda _: 0x01020304),
    ),
)
SETTINGS = Table(
    read_codes=frozenset({3}),
    spans=(range(8),),
    cells=(Cell(address=0, encoding=Encoding.FLOAT32, value=lambda _: 9.0),),
    settings=(
        Setting(
            address=4,
            encoding=Encoding.FLOAT32,
            initial=60,
            allowed=frozenset({0.0, 30.0, 60.0}),
        ),
    ),
)


@pytest.fixture
def image():
    return Image([MEASURED, SETTINGS])


def test_a_cell_stands_at_its_address_most_significant_word_first(image):
    assert image.read(4, 2, 2, STATE) == bytes.fromhex("3FC00000")
    assert image.read(4, 20, 2, STATE) == bytes.fromhex("01020304")


def test_a_hole_inside_a_span_reads_zero(image):
    assert image.read(4, 0, 8, STATE) == bytes(4) + struct.pack(">f", 1.5) + bytes(8)


@pytest.mark.parametrize(
    ("address", "count"),
    [
        (7, 2),  # over the end of a span
        (8, 1),  # between two spans
        (0, 22),  # from one span into the other
        (22, 1),  # behind the last
        (0xFFFF, 2),  # over the end of all addresses
        (2, 1),  # the first half of a number
        (3, 1),  # its second half
        (3, 4),
        (0, 3),
    ],
)
def test_what_is_not_there_or_is_half_a_number_is_an_illegal_address(
    image, address, count
):
    assert image.read(4, address, count, STATE) is ExceptionCode.ILLEGAL_ADDRESS


def test_a_function_code_without_a_table_is_illegal():
    assert Image([SETTINGS]).read(4, 0, 2, STATE) is ExceptionCode.ILLEGAL_FUNCTION
    assert Image([MEASURED]).write(0, bytes(4)) is ExceptionCode.ILLEGAL_FUNCTION


@given(
    writes=st.lists(
        st.tuples(
            st.integers(0, 9),
            st.one_of(
                st.sampled_from([0.0, 30.0, 60.0]).map(lambda x: struct.pack(">f", x)),
                st.binary(max_size=8),
            ),
        )
    )
)
def test_a_setting_shows_the_last_value_that_was_accepted(writes):
    image = Image([MEASURED, SETTINGS])
    expected = struct.pack(">f", 60)
    for address, data in writes:
        refusal = image.write(address, data)
        if address != 4 or len(data) != 4:
            assert refusal is ExceptionCode.ILLEGAL_ADDRESS
        elif struct.unpack(">f", data)[0] not in (0.0, 30.0, 60.0):
            assert refusal is ExceptionCode.ILLEGAL_VALUE
        else:
            assert refusal is None
            expected = data
        shown = image.read(3, 4, 2, STATE)
        assert struct.unpack(">f", shown) == struct.unpack(">f", expected)


@pytest.mark.parametrize("number", [math.nan, math.inf, -1.0, 29.999])
def test_a_value_that_makes_no_sense_is_an_illegal_value(image, number):
    data = struct.pack(">f", number)
    assert image.write(4, data) is ExceptionCode.ILLEGAL_VALUE


def test_a_cell_cannot_be_written(image):
    assert image.write(0, struct.pack(">f", 1)) is ExceptionCode.ILLEGAL_ADDRESS

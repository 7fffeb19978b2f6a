# SPDX-License-Identifier: Apache-2.0
"""Serial settings from a command line, and ports that cannot do them."""

import argparse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ipc.config import Parity
from sampler.tools import line
from sampler.tools.line import LineSettings


def test_settings_are_written_as_electricians_write_them():
    assert str(LineSettings()) == "9600 baud 8N1"
    odd = LineSettings(baudrate=19200, parity=Parity.ODD, stopbits=2)
    assert str(odd) == "19200 baud 8O2"


def test_a_character_has_as_many_bits_as_the_settings_say():
    assert LineSettings().wire.bits == 10
    assert LineSettings(parity=Parity.EVEN).wire.bits == 11
    assert LineSettings(parity=Parity.EVEN, stopbits=2).wire.bits == 12


@given(st.integers(1, 247))
def test_a_number_within_its_bounds_is_taken(number):
    assert line.unit_id(str(number)) == line.unit_id(f"0{number}") == number


@given(
    st.text(max_size=12).filter(lambda text: not text.isdecimal()) | st.just("1" * 99)
)
@example("0")
@example("248")
@example("-1")
@example("0000000019999")
@example("1_0")
@example("\N{ARABIC-INDIC DIGIT FIVE}")
def test_anything_else_is_refused_with_the_bounds(text):
    with pytest.raises(argparse.ArgumentTypeError, match="1 to 247"):
        line.unit_id(text)

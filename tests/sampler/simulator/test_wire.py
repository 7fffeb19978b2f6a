# SPDX-License-Identifier: Apache-2.0
"""The time a serial line takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.config import Parity
from sampler.simulator.wire import Line


@pytest.mark.parametrize(
    ("line", "character_us", "silence_us"),
    [
        (Line(baudrate=9600), 1041.667, 3645.833),
        (Line(baudrate=9600, parity=Parity.EVEN), 1145.833, 4010.417),
        (Line(baudrate=9600, parity=Parity.ODD, stopbits=2), 1250.0, 4375.0),
        (Line(baudrate=19200), 520.833, 1822.917),
        (Line(baudrate=38400), 260.417, 1750.0),
        (Line(baudrate=115200, stopbits=2), 95.486, 1750.0),
    ],
)
def test_a_character_and_the_silence_take_their_time(line, character_us, silence_us):
    assert line.duration_ns(1) / 1000 == pytest.approx(character_us, abs=0.002)
    assert line.silence_ns / 1000 == pytest.approx(silence_us, abs=0.002)


@given(
    answer=st.binary(min_size=1, max_size=256),
    baudrate=st.integers(1200, 1_000_000),
    stopbits=st.integers(1, 2),
)
def test_no_piece_comes_before_the_wire_has_brought_it(answer, baudrate, stopbits):
    line = Line(baudrate=baudrate, stopbits=stopbits)
    brought = b""
    for passed_ns, piece in line.pieces(answer):
        assert piece
        brought += piece
        assert passed_ns >= len(brought) * (9 + stopbits) / baudrate * 1e9 - 1e-3
    assert brought == answer

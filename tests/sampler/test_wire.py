# SPDX-License-Identifier: Apache-2.0
"""The wire: what a read costs, by the specification's numbers."""

import pytest

from sampler.wire import Wire


@pytest.mark.parametrize(
    ("baudrate", "bits", "silence_ms"),
    [(9600, 10, 3.646), (9600, 11, 4.010), (19200, 11, 2.005), (38400, 10, 1.75)],
)
def test_the_silence_is_three_and_a_half_characters_but_never_below_1750_us(
    baudrate, bits, silence_ms
):
    wire = Wire(baudrate=baudrate, bits=bits)
    assert wire.silence_s * 1000 == pytest.approx(silence_ms, abs=0.001)


def test_seventy_registers_at_9600_take_what_a_paced_wire_was_measured_to_take():
    wire = Wire(baudrate=9600, bits=10)
    turnaround_s = wire.silence_s + 0.001
    # 167.67 ms, measured on a wire-paced slave that turns round in 3.5 characters + 1 ms
    measured_ms = 167.67
    read_ms = 1000 * wire.read_s(70, turnaround_s=turnaround_s)
    assert read_ms == pytest.approx(measured_ms, rel=0.005)


def test_an_answer_never_comes_before_the_silence_is_over():
    wire = Wire(baudrate=9600, bits=10)
    least = wire.read_s(1, turnaround_s=0)
    assert least == wire.read_s(1, turnaround_s=wire.silence_s)

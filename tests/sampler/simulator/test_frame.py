# SPDX-License-Identifier: Apache-2.0
"""The frames of the simulated meter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.frame import (
    LARGEST_FRAME,
    BadRequest,
    ExceptionCode,
    ReadRequest,
    WriteRequest,
    crc16,
    exception_answer,
    parse,
    read_answer,
    seal,
    write_answer,
)


@pytest.mark.parametrize(
    "frame",
    [
        "01 04 00 00 00 02 71 CB",  # Eastron's manual: voltage of phase 1
        "11 03 00 6B 00 03 76 87",  # Modbus reference: three registers of unit 17
        "11 10 00 01 00 02 04 00 0A 01 02 C6 F0",  # Modbus reference: FC16
        "0A 81 02 B0 53",  # Modbus reference: an exception
    ],
)
def test_published_frames_have_the_crc_we_compute(frame):
    whole = bytes.fromhex(frame)
    assert seal(whole[:-2]) == whole


@given(st.binary(max_size=LARGEST_FRAME))
def test_the_crc_of_a_sealed_frame_is_zero(content):
    assert crc16(seal(content)) == 0


@given(st.binary(max_size=2 * LARGEST_FRAME))
def test_noise_is_no_request(noise):
    # A sound CRC in random bytes: one in 65536, and then it must be a request.
    request = parse(noise)
    assert request is None or crc16(noise) == 0


@given(content=st.binary(min_size=2, max_size=60), bit=st.integers(min_value=0))
def test_one_wrong_bit_makes_a_frame_noise(content, bit):
    frame = bytearray(seal(content))
    bit %= 8 * len(frame)
    frame[bit // 8] ^= 1 << bit % 8
    assert parse(bytes(frame)) is None


@given(
    unit_id=st.integers(0, 255),
    function_code=st.sampled_from([3, 4]),
    address=st.integers(0, 0xFFFF),
    count=st.integers(0, 0xFFFF),
)
def test_a_read_is_parsed_as_it_was_written(unit_id, function_code, address, count):
    body = address.to_bytes(2) + count.to_bytes(2)
    assert parse(seal(bytes((unit_id, function_code)) + body)) == ReadRequest(
        unit_id=unit_id, function_code=function_code, address=address, count=count
    )


@given(address=st.integers(0, 0xFFFF), value=st.binary(min_size=2, max_size=2))
def test_a_write_of_one_register_is_parsed_and_echoed(address, value):
    frame = seal(bytes((7, 6)) + address.to_bytes(2) + value)
    request = parse(frame)
    assert request == WriteRequest(
        unit_id=7, function_code=6, address=address, data=value
    )
    assert write_answer(request) == frame


@given(address=st.integers(0, 0xFFFF), words=st.integers(1, 123), data=st.data())
def test_a_write_is_parsed_as_it_was_written(address, words, data):
    written = data.draw(st.binary(min_size=2 * words, max_size=2 * words))
    head = address.to_bytes(2) + words.to_bytes(2) + bytes((2 * words,))
    request = parse(seal(bytes((7, 16)) + head + written))
    assert request == WriteRequest(
        unit_id=7, function_code=16, address=address, data=written
    )


@pytest.mark.parametrize(
    "body",
    [
        "04 0000 00",  # a read cut short
        "03 0000 0002 00",  # a read with a byte too many
        "06 0002",  # a write of one register that names none
        "06 0002 0000 00",
        "10 0002 0000 00",  # a write of nothing
        "10 0002 0002 04 4270",  # fewer bytes than announced
        "10 0002 0002 03 427000",  # a byte count that is not twice the registers
        "10 0002 007C F8 0000",  # more than 123 registers
        "10 0002 FFFF FE 0000",
        "10",
    ],
)
def test_a_sound_frame_of_a_wrong_shape_is_an_illegal_value(body):
    request = parse(seal(bytes((1,)) + bytes.fromhex(body)))
    assert isinstance(request, BadRequest)
    assert request.reason is ExceptionCode.ILLEGAL_VALUE


@given(function_code=st.integers(0, 255), body=st.binary(max_size=20))
def test_only_function_codes_a_request_can_have_are_refused(function_code, body):
    request = parse(seal(bytes((1, function_code)) + body))
    if function_code == 0 or function_code >= 0x80:
        assert request is None
    elif function_code not in (3, 4, 6, 16):
        assert isinstance(request, BadRequest)
        assert request.reason is ExceptionCode.ILLEGAL_FUNCTION


def test_answers_have_the_layout_of_the_specification():
    read = ReadRequest(unit_id=1, function_code=4, address=0, count=2)
    assert read_answer(read, bytes.fromhex("43664E04")) == seal(
        bytes.fromhex("01 04 04 43664E04")
    )
    write = WriteRequest(unit_id=1, function_code=16, address=2, data=bytes(4))
    assert write_answer(write) == seal(bytes.fromhex("01 10 0002 0002"))
    assert exception_answer(read, ExceptionCode.ILLEGAL_ADDRESS) == seal(
        bytes.fromhex("01 84 02")
    )

# SPDX-License-Identifier: Apache-2.0
"""The layout: what a header accepts, what it refuses, and that numbers stay put."""

import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc import layout
from ipc.errors import RingInvalidError
from ipc.layout import Header, capacity_for, is_capacity

HEADER = Header(capacity=4096, segment_id=0xFEED)
AT = {"magic": 0, "version": 8, "slot_size": 12, "capacity": 16, "schema": 24}


def changed(at: int, code: str, value: int) -> bytes:
    """Give the header with one field changed and its checksum made right again."""
    raw = bytearray(HEADER.pack())
    struct.pack_into(f"={code}", raw, at, value)
    raw[-4:] = struct.pack("=I", crc32(raw[:-4]))
    return bytes(raw)


def refused(raw: bytes, *, file_size: int = HEADER.segment_size) -> str:
    with pytest.raises(RingInvalidError) as caught:
        Header.parse(raw, file_size=file_size)
    return str(caught.value)


@given(
    exponent=st.integers(6, 16),
    segment_id=st.integers(0, 2**64 - 1),
)
def test_a_header_reads_back_as_it_was_packed(exponent, segment_id):
    header = Header(capacity=2**exponent, segment_id=segment_id)

    assert Header.parse(header.pack(), file_size=header.segment_size) == header


@given(at=st.integers(0, layout.STATIC_SIZE - 1), bits=st.integers(1, 255))
def test_no_changed_byte_of_a_header_goes_unnoticed(at, bits):
    raw = bytearray(HEADER.pack())
    raw[at] ^= bits

    assert refused(bytes(raw))


@given(raw=st.binary(max_size=200))
def test_arbitrary_bytes_are_no_header(raw):
    assert refused(raw)


@given(length=st.integers(8, layout.STATIC_SIZE - 1))
def test_a_header_that_ends_early_is_cut_short(length):
    assert "cut short" in refused(HEADER.pack()[:length], file_size=length)


def test_each_refusal_says_what_is_wrong():
    assert "not a ring" in refused(b"SQLite format 3\0")
    assert "layout version 2, not 1" in refused(changed(AT["version"], "I", 2))
    assert "schema 0000000000000007" in refused(changed(AT["schema"], "Q", 7))
    assert "schema" in refused(changed(AT["slot_size"], "I", 256))
    assert "65 slots" in refused(changed(AT["capacity"], "Q", 65))
    assert "bytes long" in refused(HEADER.pack(), file_size=HEADER.segment_size + 1)


def test_a_version_is_refused_before_anything_else_of_it_is_believed():
    raw = HEADER.pack()[:8] + struct.pack("=I", 2) + b"\xff" * 40

    assert "layout version 2" in refused(raw)


def test_a_slot_is_a_number_of_cache_lines_and_ends_in_its_checksum():
    assert layout.SLOT_SIZE % layout.CACHE_LINE == 0
    assert layout.SLOT_HEAD.size + layout.SLOT_SAMPLE.size == layout.BODY_SIZE
    assert layout.SLOT.size == layout.SLOT_SIZE
    assert layout.BODY_SIZE + layout.CRC_SIZE == layout.SLOT_SIZE


def test_words_that_change_are_aligned_and_behind_the_static_part():
    words = (
        layout.CURSOR_AT,
        layout.HEARTBEAT_AT,
        layout.EPOCH_AT,
        layout.LEFT_AT,
        layout.PID_AT,
        layout.STARTED_AT,
    )

    assert all(at % 8 == 0 for at in words)
    assert min(words) >= layout.STATIC_SIZE
    assert max(words) + 8 <= layout.HEADER_SIZE
    assert layout.HEARTBEAT_AT - layout.CURSOR_AT >= layout.CACHE_LINE
    assert layout.EPOCH_AT - layout.HEARTBEAT_AT >= layout.CACHE_LINE


@given(body=st.binary(max_size=400), seed=st.integers(0, 2**32 - 1))
def test_a_checksum_over_itself_leaves_the_residue(body, seed):
    checksum = crc32(body, seed).to_bytes(4, "little")

    assert crc32(body + checksum, seed) == layout.CRC_RESIDUE


@given(wanted=st.integers(-10, 200_000))
def test_a_capacity_is_rounded_up_to_one_that_a_ring_may_have(wanted):
    capacity = capacity_for(wanted)

    assert is_capacity(capacity)
    assert capacity >= min(wanted, layout.LARGEST_CAPACITY)
    assert capacity < 2 * max(wanted, layout.SMALLEST_CAPACITY)

# SPDX-License-Identifier: Apache-2.0
"""Files that are no segment, or stop being one: refused, replaced, never a crash."""

import os
import struct
from zlib import crc32

import pytest

from ipc import layout
from ipc.shm import SegmentReader, SegmentWriter, Start, WriterState
from tests.ipc.rings import abandon, write


def ticks(reader):
    read = []
    while more := reader.read():
        read += [sample.tick for sample in more]
    return read


def other_layout(field_at, code, value):
    """Make a segment of another kind out of one of ours."""

    def change(path):
        raw = bytearray(path.read_bytes())
        struct.pack_into(code, raw, field_at, value)
        end = layout.STATIC_SIZE - 4
        struct.pack_into("=I", raw, end, crc32(raw[:end]))
        path.write_bytes(raw)

    return change


BAD_FILES = {
    "empty": (lambda path: os.truncate(path, 0), "not a ring"),
    "too short": (lambda path: os.truncate(path, 5000), "5000 bytes long"),
    "shorter than its header": (lambda path: os.truncate(path, 40), "cut short"),
    "too long": (lambda path: os.truncate(path, 10**6), "1000000 bytes long"),
    "other magic": (other_layout(0, "8s", b"SOMETHNG"), "not a ring"),
    "other version": (other_layout(8, "=I", 2), "layout version 2"),
    "other schema": (other_layout(24, "=Q", 1), "schema"),
    "other slot size": (other_layout(12, "=I", 384), "schema"),
    "impossible capacity": (other_layout(16, "=Q", 63), "63 slots"),
    "damaged header": (
        lambda path: path.write_bytes(path.read_bytes()[:40] + b"?" * 40),
        "damaged header",
    ),
}


@pytest.mark.parametrize("bad", BAD_FILES)
def test_a_reader_refuses_a_bad_file_until_a_writer_replaces_it(opened, path, bad):
    spoil, why = BAD_FILES[bad]
    opened(SegmentWriter).close()
    spoil(path)
    reader = opened(SegmentReader)
    assert (reader.read(), reader.writer()) == ([], WriterState.MISSING)
    assert why in reader.reason

    writer = opened(SegmentWriter)
    write(writer, 0, 3)

    assert why in writer.replaced
    assert ticks(reader) == [0, 1, 2]
    assert reader.reason is None


@pytest.mark.parametrize("bad", ["empty", "too short", "shorter than its header"])
def test_a_file_cut_short_under_a_live_reader_is_an_end_not_a_crash(opened, path, bad):
    writer = opened(SegmentWriter)
    write(writer, 0, 40)
    abandon(writer)
    reader = opened(SegmentReader, start=Start.OLDEST)
    spoil, why = BAD_FILES[bad]

    spoil(path)

    assert reader.read() == reader.read() == []
    assert why in reader.reason
    assert reader.writer() in {WriterState.DEAD, WriterState.MISSING}
    write(opened(SegmentWriter), 100, 3)
    assert ticks(reader) == [100, 101, 102]


def test_a_file_cut_within_a_quiet_ring_is_noticed_too(opened, path):
    writer = opened(SegmentWriter)
    write(writer, 0, 3)
    reader = opened(SegmentReader)
    ticks(reader)
    abandon(writer)

    os.truncate(path, path.stat().st_size - 1)

    assert reader.read() == []
    assert "bytes long" in reader.reason


def test_the_largest_segment_with_a_byte_too_many_is_replaced_too(opened, path):
    writer = opened(SegmentWriter, capacity=layout.LARGEST_CAPACITY)
    writer.close()
    os.truncate(path, path.stat().st_size + 1)

    assert "bytes long" in opened(SegmentWriter, capacity=2**16).replaced

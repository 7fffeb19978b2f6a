# SPDX-License-Identifier: Apache-2.0
"""Segment files: born, taken over, replaced, refused, cut short, removed."""

import errno
import mmap
import os
import stat

import pytest

from ipc import layout, segment
from ipc.errors import RingBusyError, RingError
from ipc.shm import SegmentReader, SegmentWriter, WriterState
from tests.ipc.rings import SMALL, abandon, names_beside, write

CAPACITY = 64


def ticks(reader):
    read = []
    while more := reader.read():
        read += [sample.tick for sample in more]
    return read


def test_a_segment_is_one_file_for_the_owner_and_its_group(opened, path):
    old_mask = os.umask(0o077)
    try:
        opened(SegmentWriter, capacity=100)
    finally:
        os.umask(old_mask)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_size == layout.HEADER_SIZE + 128 * layout.SLOT_SIZE
    assert names_beside(path) == [path.name]


def test_a_segment_takes_all_its_room_at_once(opened, path):
    opened(SegmentWriter)

    assert path.stat().st_blocks * 512 >= path.stat().st_size


def test_a_reader_may_be_there_before_the_segment(opened):
    reader = opened(SegmentReader)
    assert (reader.read(), reader.writer()) == ([], WriterState.MISSING)
    assert (reader.reason, reader.epoch, reader.status()) == (None, 0, None)

    write(opened(SegmentWriter), 0, 10)

    assert ticks(reader) == list(range(10))
    assert reader.reattached == 0


def test_the_second_writer_is_refused_and_disturbs_nothing(opened, path):
    writer, reader = opened(SegmentWriter), opened(SegmentReader)

    with pytest.raises(RingBusyError, match=r"bus.ring.*run one sampler a bus"):
        opened(SegmentWriter)

    write(writer, 0, 3)
    assert ticks(reader) == [0, 1, 2]
    assert names_beside(path) == [path.name]


def test_a_reader_does_not_keep_a_writer_out(opened):
    opened(SegmentWriter).close()
    readers = [opened(SegmentReader) for _ in range(3)]
    for reader in readers:
        reader.writer()

    assert opened(SegmentWriter).epoch == 2


@pytest.mark.parametrize("end", [SegmentWriter.close, abandon])
def test_a_successor_takes_the_segment_over_and_readers_go_on(opened, path, end):
    first, reader = opened(SegmentWriter), opened(SegmentReader)
    write(first, 0, 5)
    inode = path.stat().st_ino
    end(first)
    second = opened(SegmentWriter)
    write(second, 5, 5)

    assert path.stat().st_ino == inode
    assert ticks(reader) == list(range(10))
    assert (second.epoch, reader.epoch, second.replaced) == (2, 2, None)
    assert (reader.reattached, reader.lapped, reader.corrupt) == (0, 0, 0)


def test_another_capacity_replaces_the_segment_and_readers_follow(opened):
    first, reader = opened(SegmentWriter), opened(SegmentReader)
    write(first, 0, 5)
    first.close()
    second = opened(SegmentWriter, capacity=2 * CAPACITY)
    write(second, 5, 5)

    assert ticks(reader) == list(range(10))
    assert (second.epoch, reader.epoch, reader.reattached) == (1, 1, 1)
    assert second.replaced == "its capacity is 64, not 128"


def test_a_removed_segment_is_read_on_until_another_is_born(opened, path):
    writer, reader = opened(SegmentWriter), opened(SegmentReader)
    path.unlink()
    write(writer, 0, 3)
    assert ticks(reader) == [0, 1, 2]
    assert reader.writer() is WriterState.RUNNING
    writer.close()

    write(opened(SegmentWriter), 3, 3)

    assert ticks(reader) == [3, 4, 5]
    assert reader.reattached == 1


@pytest.mark.parametrize("spoil", [os.unlink, lambda path: os.truncate(path, 10**6)])
def test_a_writer_whose_file_is_gone_or_cut_says_so_at_its_beat(opened, path, spoil):
    writer = opened(SegmentWriter)
    writer.beat()
    spoil(path)

    with pytest.raises(RingError, match="restart"):
        writer.beat()


def test_what_was_written_just_before_a_replacement_is_read(opened, monkeypatch):
    first, reader = opened(SegmentWriter), opened(SegmentReader)
    write(first, 0, 5)
    ticks(reader)
    is_still_at = segment.SegmentFile.is_still_at

    def meanwhile(file, path):
        """Let it happen between the reader's look at its file and at the path."""
        monkeypatch.undo()
        write(first, 5, 5)
        first.close()
        write(opened(SegmentWriter, capacity=2 * CAPACITY), 10, 5)
        return is_still_at(file, path)

    monkeypatch.setattr(segment.SegmentFile, "is_still_at", meanwhile)

    assert ticks(reader) == list(range(5, 15))


def test_counts_are_kept_over_a_replacement(opened, path):
    first, reader = opened(SegmentWriter), opened(SegmentReader)
    write(first, 0, 100)
    with path.open("r+b") as file:
        file.seek(layout.HEADER_SIZE + 90 % CAPACITY * layout.SLOT_SIZE)
        file.write(b"damage")
    ticks(reader)
    lapped = reader.lapped
    first.close()
    write(opened(SegmentWriter, capacity=2 * CAPACITY), 0, 1)
    ticks(reader)

    assert reader.reattached == 1
    assert reader.lapped == lapped > 0
    assert reader.corrupt == 1


def test_a_missing_directory_is_named(path, clock):
    nowhere = path.parent / "missing" / "bus.ring"

    with pytest.raises(RingError, match=r"missing.*directory must exist"):
        SegmentWriter.open(nowhere, capacity=64, clock=clock)


def test_what_is_no_regular_file_is_left_alone(opened, path):
    os.mkfifo(path)
    reader = opened(SegmentReader)
    assert "not a regular file" in reader.reason

    with pytest.raises(RingError, match="not a regular file: move it away"):
        opened(SegmentWriter)


def test_a_link_is_not_followed(opened, path):
    target = path.parent / "precious"
    target.write_text("keep")
    path.symlink_to(target)
    reader = opened(SegmentReader)
    assert "cannot be opened" in reader.reason

    with pytest.raises(RingError, match="cannot be opened"):
        opened(SegmentWriter)

    assert target.read_text() == "keep"


def test_a_directory_in_the_way_is_an_error(opened, path):
    path.mkdir()

    with pytest.raises(RingError, match="cannot be opened"):
        opened(SegmentWriter)


def test_a_full_file_system_is_an_error_now_and_leaves_nothing(
    opened, path, monkeypatch
):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)

    with pytest.raises(RingError, match=r"No space left.*lower ring.capacity"):
        opened(SegmentWriter)

    assert names_beside(path) == []


def test_memory_that_cannot_be_had_is_an_error_and_the_file_stays_free(
    opened, monkeypatch
):
    opened(SegmentWriter).close()

    def refuse(*_, **__):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    with monkeypatch.context() as patch:
        patch.setattr(mmap, "mmap", refuse)
        with pytest.raises(RingError, match="limit of locked memory"):
            opened(SegmentWriter)

    assert opened(SegmentWriter).epoch == 2


def test_a_rename_that_fails_is_an_error_and_the_file_stays_free(
    opened, path, monkeypatch
):
    def refuse(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "rename", refuse)
        with pytest.raises(RingError, match="cannot be replaced"):
            opened(SegmentWriter)

    assert opened(SegmentWriter).epoch == 1
    assert names_beside(path) == [path.name]


def test_a_start_that_died_half_way_is_cleaned_up_by_the_next(opened, path):
    os.close(segment.build(path, SMALL, instead_of=None))
    assert names_beside(path) == [".bus.ring.new"]

    opened(SegmentWriter)

    assert names_beside(path) == ["bus.ring"]


def test_who_builds_a_segment_keeps_others_from_building_one(opened, path):
    fd = segment.build(path, SMALL, instead_of=None)
    with pytest.raises(RingBusyError):
        opened(SegmentWriter)
    segment.publish(path)
    with pytest.raises(RingBusyError):
        opened(SegmentWriter)
    os.close(fd)

    opened(SegmentWriter)


def test_who_comes_late_to_build_one_leaves_nothing_behind(opened, path):
    opened(SegmentWriter)

    with pytest.raises(RingBusyError, match="just started"):
        segment.build(path, SMALL, instead_of=None)

    assert names_beside(path) == ["bus.ring"]


def test_closing_twice_is_as_good_as_once(path, clock):
    with SegmentWriter.open(path, capacity=64, clock=clock) as writer:
        writer.close()
    with SegmentReader(path, clock=clock) as reader:
        reader.close()
    assert reader.writer() is WriterState.MISSING

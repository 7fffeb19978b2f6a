# SPDX-License-Identifier: Apache-2.0
"""The segment file: who owns it, how it is born, how it is replaced.

The owner holds an open-file-description lock on the file. The kernel drops it at
any death, and anyone who may read the file can ask for it without taking it, from
any PID namespace. (flock could only be tested by taking it: for that instant a
monitor would keep a starting writer out.)
"""

import contextlib
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from ipc.errors import RingBusyError, RingError, RingInvalidError, RingMissingError
from ipc.layout import STATIC_SIZE, Header

MODE = 0o640
"""The owner writes, its group reads."""

_ATTEMPTS = 8
"""Races lost against other starters before giving up; each loses to a live one."""

# struct flock: type, whence, start, length (0: the whole file), pid (0: for a
# description lock). "0q" pads the end as C does.
_FLOCK = struct.Struct("hhqqi0q")
_WHOLE_FILE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_READ = os.O_RDONLY | _SAFELY
_WRITE = os.O_RDWR | _SAFELY


class SegmentFile:
    """A segment opened by a reader, who copies and never maps.

    RingMissingError: there is no file. RingInvalidError: it is not a segment of
    this layout. RingError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.fd = os.open(path, _READ)
        except FileNotFoundError:
            raise RingMissingError(f"{path}: no segment there") from None
        except OSError as error:
            raise RingError(
                f"cannot be opened: {error.strerror}: let this user read it"
            ) from error
        with closed_on_error(self.fd):
            self.stat = os.fstat(self.fd)
            if not stat.S_ISREG(self.stat.st_mode):
                raise RingInvalidError("not a regular file: remove it")
            static = os.pread(self.fd, STATIC_SIZE, 0)
            self.header = Header.parse(static, file_size=self.stat.st_size)

    def copy(self, into: memoryview, at: int) -> int:
        """Copy the bytes at an offset; fewer than asked for: the file was cut."""
        return os.preadv(self.fd, [into], at)

    def is_still_at(self, path: Path) -> bool:
        """Whether the path names this file, and at its full length.

        A path that names nothing does not name another one: what we have is all
        there is.
        """
        try:
            found = path.lstat()
        except OSError:
            return True
        is_whole = found.st_size == self.header.segment_size
        return is_whole and os.path.samestat(found, self.stat)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)


def is_owned(fd: int) -> bool:
    """Whether a live process, here or in another container, owns the file."""
    answer: bytes = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _WHOLE_FILE)
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)


def is_at(fd: int, path: Path) -> bool:
    """Whether the open file is still the one that its path names."""
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except OSError:
        return False


def claim(path: Path) -> int | None:
    """Open the file at the path and become its owner; None if there is none."""
    for _ in range(_ATTEMPTS):
        try:
            fd = os.open(path, _WRITE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RingError(
                f"{path}: cannot be opened: {error.strerror}; it must belong to the"
                " sampler's user"
            ) from error
        with closed_on_error(fd):
            _own(fd, path)
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise RingError(f"{path}: not a regular file: move it away")
        if is_at(fd, path):
            return fd
        os.close(fd)
    raise RingBusyError(f"{path}: other writers keep replacing it: run only one")


def build(path: Path, header: Header, *, instead_of: int | None) -> int:
    """Make a new segment under a private name, owned by us; publish() reveals it.

    It is to take the place of the file we own, or of none. Whoever owns the private
    name is the only one who can publish, so nothing changes at the path meanwhile.
    """
    private = _private(path)
    try:
        fd = os.open(private, _WRITE | os.O_CREAT, 0o600)
    except OSError as error:
        raise RingError(
            f"{path.parent}: no segment can be made there: {error.strerror};"
            " the directory must exist and belong to the sampler's user"
        ) from error
    with closed_on_error(fd):
        _own(fd, path)
        if not is_at(fd, private):
            raise RingBusyError(f"{path}: another writer is starting: run only one")
        try:
            _check_place(path, instead_of)
            _fill(fd, header)
        except RingError:
            private.unlink()
            raise
    return fd


def publish(path: Path) -> None:
    """Rename the segment that was built to its path: now it can be seen."""
    try:
        _private(path).rename(path)
    except OSError as error:
        raise RingError(
            f"{path}: cannot be replaced: {error.strerror}; its directory must belong to"
            " the sampler's user"
        ) from error


@contextlib.contextmanager
def closed_on_error(fd: int) -> Iterator[None]:
    """Close the descriptor if the block fails: it has no owner yet."""
    try:
        yield
    except BaseException:
        os.close(fd)
        raise


def _check_place(path: Path, instead_of: int | None) -> None:
    is_ours = instead_of is not None and is_at(instead_of, path)
    if not is_ours and os.path.lexists(path):
        raise RingBusyError(f"{path}: another writer has just started: run only one")


def _fill(fd: int, header: Header) -> None:
    """Allocate every block now, so that a full file system is no SIGBUS later."""
    try:
        os.ftruncate(fd, 0)
        os.posix_fallocate(fd, 0, header.segment_size)
        os.pwrite(fd, header.pack(), 0)
        os.fchmod(fd, MODE)
    except OSError as error:
        raise RingError(
            f"no room for a segment of {header.segment_size} bytes: {error.strerror};"
            " free some in ring.directory, or lower ring.capacity"
        ) from error


def _own(fd: int, path: Path) -> None:
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _WHOLE_FILE)
    except (BlockingIOError, PermissionError):
        raise RingBusyError(
            f"{path}: another writer owns it: run one sampler a bus"
        ) from None


def _private(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")

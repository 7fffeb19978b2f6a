# SPDX-License-Identifier: Apache-2.0
"""The journal's file among other files: one owner, closed to others, still there."""

import fcntl
import os
import stat
from pathlib import Path
from typing import Self

from publisher.errors import JournalBusyError, JournalError

FILE_MODE = 0o640
"""The most that the file may allow: it holds who charged where and when."""


class OwnFile:
    """A file that only this process writes. Use claim()."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None
        self._inode: int | None = None

    @classmethod
    def claim(cls, path: Path) -> Self:
        """Own the file, if it can be written at all; touch() will tell.

        JournalBusyError: another process has it. JournalError: no directory, or one
        in which anyone could replace the file.
        """
        _refuse_directory(path.parent)
        file = cls(path)
        try:
            file._take_lock()
        except JournalBusyError:
            raise
        except OSError:
            pass  # a disk that cannot be written: nobody else writes it either
        return file

    def touch(self) -> None:
        """Make the file if this is the first look, and close it to others.

        FileNotFoundError: it is gone, or another took its place; what it held is not
        made anew. OSError: it cannot be written.
        """
        self._take_lock()
        is_first = self._inode is None
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT * is_first)
        # Closed before SQLite opens it: a close of any descriptor of a file drops
        # all the locks that the process has on it (POSIX).
        fd = os.open(self.path, flags, 0o600)
        try:
            found = os.fstat(fd)
            if not is_first and found.st_ino != self._inode:
                raise FileNotFoundError(f"{self.path}: another file took its place")
            if stat.S_IMODE(found.st_mode) & ~FILE_MODE:
                os.fchmod(fd, found.st_mode & FILE_MODE)
        finally:
            os.close(fd)
        self._inode = found.st_ino
        _sync(self.path.parent)

    @property
    def is_there(self) -> bool:
        """Whether what is written to it now will be found at its path again."""
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def close(self) -> None:
        """Let another process have it.

        The lock's file stays: removed, it would let two processes hold two locks of
        one name.
        """
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        """Lock a file beside it, so that readers of the file itself are free."""
        if self._lock is not None:
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(self.path.with_name(f"{self.path.name}.lock"), flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise JournalBusyError(
                f"{self.path}: another publisher writes it: stop that one, or give"
                " each a journal.path of its own"
            ) from None
        self._lock = lock


def _refuse_directory(directory: Path) -> None:
    try:
        mode = directory.stat().st_mode
    except OSError as error:
        raise JournalError(
            f"{directory}: {error.strerror}: make this directory, or correct"
            " journal.path"
        ) from None
    if not stat.S_ISDIR(mode):
        raise JournalError(f"{directory}: not a directory: correct journal.path")
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise JournalError(
            f"{directory}: anyone could replace the journal: chmod o-w {directory}"
        )


def _sync(directory: Path) -> None:
    """Put the name of a new file on the disk; SQLite does it for its own only."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

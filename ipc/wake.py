# SPDX-License-Identifier: Apache-2.0
"""A descriptor that becomes readable when a writer beats: no polling, no thread.

inotify on the segments' directory: it needs nothing but permission to read, wakes
any number of readers, survives the death of either side, and sees a segment being
born or replaced as well. The standard library has no inotify, so ctypes calls it.
"""

import ctypes
import os
import struct
from pathlib import Path
from typing import Self

from ipc.errors import RingError

# linux/inotify.h
_IN_MODIFY = 0x0000_0002
_IN_MOVED_TO = 0x0000_0080
_IN_IGNORED = 0x0000_8000
_IN_ONLYDIR = 0x0100_0000
_EVENT = struct.Struct("iIII")
"""struct inotify_event: watch, mask, cookie, length of the name behind it."""

_READ_SIZE = 16_384


class Wake:
    """Watches one directory; one Wake serves all segments in it.

    A directory that is missing, or goes and comes back, is weather: clear() looks for
    it again. So wait with a bound of a second or so, call clear(), read the rings.
    RingError: the kernel gives no inotify instance.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise RingError(
                f"no inotify: {os.strerror(ctypes.get_errno())};"
                " raise fs.inotify.max_user_instances"
            )
        self._is_watching = False
        self._watch()

    def fileno(self) -> int:
        """Give the descriptor for a selector."""
        return self._fd

    def clear(self) -> None:
        """Forget what made it readable. Call this before reading the rings."""
        try:
            events = os.read(self._fd, _READ_SIZE)
        except BlockingIOError:
            events = b""
        at = 0
        while at < len(events):
            _, mask, _, name_size = _EVENT.unpack_from(events, at)
            at += _EVENT.size + name_size
            if mask & _IN_IGNORED:  # the directory was removed, and the watch with it
                self._is_watching = False
        if not self._is_watching:
            self._watch()

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _watch(self) -> None:
        mask = _IN_MODIFY | _IN_MOVED_TO | _IN_ONLYDIR
        path = os.fsencode(self._directory)
        self._is_watching = self._libc.inotify_add_watch(self._fd, path, mask) >= 0

# SPDX-License-Identifier: Apache-2.0
"""SIGTERM and SIGINT as a flag and a descriptor, so that a process ends in order.

Every wait of ours watches the descriptor, so a request to stop ends it at once. A
library's own blocking call cannot watch it: inside `interrupting()` the signal
raises StopRequested instead.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Self


class StopRequested(BaseException):
    """Raised by the signal inside Stop.interrupting(), nowhere else.

    Not an Exception, so that no library's `except Exception` swallows it.
    """


class Stop:
    """Becomes true once, at the first signal; its descriptor stays readable."""

    def __init__(self) -> None:
        self.requested = False
        self._interrupting = False
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    @classmethod
    def on_signals(cls) -> Self:
        """Listen to SIGTERM and SIGINT: the first thing a process does."""
        stop = cls()
        # The handler runs between two bytecodes, so a signal that comes just before a
        # wait would be seen only after it. This byte, written at once, ends the wait.
        signal.set_wakeup_fd(stop._writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop._on_signal)
        return stop

    def fileno(self) -> int:
        """Give the descriptor that becomes readable when a stop is requested."""
        return self._reader

    def request(self) -> None:
        """Ask for the end; more than once is as good as once."""
        if not self.requested:
            self.requested = True
            os.write(self._writer, b"\0")

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._reader)
        os.close(self._writer)

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let a signal raise StopRequested out of the blocking call inside."""
        self._interrupting = True
        try:
            if self.requested:
                raise StopRequested
            yield
        finally:
            self._interrupting = False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.request()
        if self._interrupting:
            raise StopRequested

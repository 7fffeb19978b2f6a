# SPDX-License-Identifier: Apache-2.0
"""Where the live view is drawn: a terminal, of which only changed lines are sent.

A slow line (SSH over a mobile network) carries a few hundred bytes a second that way,
and nothing flickers, because nothing is erased before it is drawn.
"""

import contextlib
import os
import termios
from collections.abc import Iterator, Sequence
from typing import Self

from ipc.watch.text import Line, render

# ECMA-48 and xterm: the other screen, no cursor, no wrapping; and all of it back.
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_DISABLED = b"\0"
"""_POSIX_VDISABLE: this control character does nothing."""

SMALLEST = (40, 6)
USUAL = (80, 24)


class Terminal:
    """Draws whole pictures; use it in a `with`. Raises OSError when it is gone."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._drawn: list[str] = []
        self._size = USUAL

    def size(self) -> tuple[int, int]:
        """Give columns and lines as they are now."""
        try:
            found = os.get_terminal_size(self._fd)
        except OSError:
            return USUAL
        # A serial console may not know its size, and says 0.
        width, height = found.columns or USUAL[0], found.lines or USUAL[1]
        return max(width, SMALLEST[0]), max(height, SMALLEST[1])

    def draw(self, lines: Sequence[Line]) -> int:
        """Send the lines that are not as they were; give how many bytes that took."""
        size = self.size()
        if size != self._size or len(lines) != len(self._drawn):
            self._size, self._drawn = size, []
        wanted = [_whole(each, size[0]) for each in lines]
        before: Sequence[str | None] = self._drawn or [None] * len(wanted)
        changed = [
            f"\x1b[{number};1H{new}"
            for number, (new, old) in enumerate(zip(wanted, before, strict=True), 1)
            if new != old
        ]
        self._drawn = wanted
        return self._send("".join(changed))

    def forget(self) -> None:
        """Draw all of it the next time: who knows what stands there now."""
        self._drawn = []

    def __enter__(self) -> Self:
        self._send(_ENTER)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # it may be gone
            self._send(_LEAVE)

    def _send(self, text: str) -> int:
        left = memoryview(text.encode(errors="replace"))
        size = len(left)
        while left:
            left = left[os.write(self._fd, left) :]
        return size


def _whole(shown: Line, width: int) -> str:
    """Render a line, and erase what stood behind it.

    Behind a full one there is nothing, and the cursor stands on its last character
    still (a VT100 wraps with the next one): that is what would be erased.
    """
    is_full = sum(len(text) for text, _ in shown) >= width
    return render(shown, width) + ("" if is_full else "\x1b[K")


@contextlib.contextmanager
def keys_at_once(fd: int) -> Iterator[None]:
    """Have keys as they are pressed, not shown, while in here.

    Ctrl-C stays a signal; Ctrl-Z does nothing, for it would leave the terminal as it
    is now to the shell. OSError, termios.error: this is no terminal.
    """
    before = termios.tcgetattr(fd)
    during = termios.tcgetattr(fd)
    during[3] &= ~(termios.ICANON | termios.ECHO)
    during[6][termios.VMIN], during[6][termios.VTIME] = 1, 0
    during[6][termios.VSUSP] = _DISABLED
    termios.tcsetattr(fd, termios.TCSADRAIN, during)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # it may be gone
            termios.tcsetattr(fd, termios.TCSADRAIN, before)

# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a terminal to keys; what is no key of ours is passed over."""

import enum

_ESCAPE = 0x1B


class Key(enum.Enum):
    """What a user can ask for; of a page's key, the value is its number."""

    ONE = "1"
    TWO = "2"
    THREE = "3"
    FOUR = "4"
    FIVE = "5"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    PAGE_UP = "page up"
    PAGE_DOWN = "page down"
    HELP = "help"
    REDRAW = "redraw"
    QUIT = "quit"


_CHARACTERS = {
    **{ord(str(n)): Key(str(n)) for n in range(1, 6)},
    ord("\t"): Key.RIGHT,
    ord("h"): Key.HELP,
    ord("?"): Key.HELP,
    ord("j"): Key.DOWN,
    ord("k"): Key.UP,
    ord("q"): Key.QUIT,
    ord("Q"): Key.QUIT,
    ord(" "): Key.PAGE_DOWN,
    0x0C: Key.REDRAW,  # Ctrl-L
}
_SEQUENCES = {
    b"A": Key.UP,
    b"B": Key.DOWN,
    b"C": Key.RIGHT,
    b"D": Key.LEFT,
    b"Z": Key.LEFT,  # shift and tabulator
    b"5~": Key.PAGE_UP,
    b"6~": Key.PAGE_DOWN,
}
"""What follows CSI (ECMA-48) or SS3."""


class Keyboard:
    """Takes bytes as they come; a sequence may come in pieces over a slow line."""

    def __init__(self) -> None:
        self._sequence: bytearray | None = None

    def feed(self, received: bytes) -> list[Key]:
        """Give the keys that are complete now."""
        keys = (self._take(byte) for byte in received)
        return [key for key in keys if key is not None]

    def _take(self, byte: int) -> Key | None:
        if byte == _ESCAPE:
            self._sequence = bytearray()
            return None
        if self._sequence is None:
            return _CHARACTERS.get(byte)
        return self._continue(self._sequence, byte)

    def _continue(self, sequence: bytearray, byte: int) -> Key | None:
        """Go on with a sequence: ESC, "[" or "O", parameters, one final byte."""
        sequence.append(byte)
        if len(sequence) == 1:
            if byte not in b"[O":  # a lone Esc was pressed before this key
                self._sequence = None
                return _CHARACTERS.get(byte)
            return None
        if 0x20 <= byte < 0x40 and len(sequence) < 16:
            return None
        self._sequence = None
        return _SEQUENCES.get(bytes(sequence[1:]))

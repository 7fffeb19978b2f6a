# SPDX-License-Identifier: Apache-2.0
"""What a serial line does to time: a character, the silence, an answer's pace.

Source: MODBUS over Serial Line V1.02, 2.5.1.1: a frame ends with 3.5 characters of
silence; above 19200 baud it is fixed at 1.75 ms.
"""

import msgspec

from ipc.clock import NS_PER_MS, NS_PER_S, NS_PER_US
from ipc.config import Parity

FASTEST_SCALED_BAUDRATE = 19200
FIXED_SILENCE_NS = 1750 * NS_PER_US

PIECE_NS = 2 * NS_PER_MS
"""An answer is handed on in pieces of about this long, as a UART's FIFO does."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The serial settings; eight data bits, as RTU has them."""

    baudrate: int = 9600
    parity: Parity = Parity.NONE
    stopbits: int = 1

    def duration_ns(self, characters: int) -> int:
        """Give how long the wire needs for so many characters, rounded up."""
        bits = 1 + 8 + (self.parity is not Parity.NONE) + self.stopbits
        return -(-characters * bits * NS_PER_S // self.baudrate)

    @property
    def silence_ns(self) -> int:
        """The least quiet time that ends a frame."""
        if self.baudrate > FASTEST_SCALED_BAUDRATE:
            return FIXED_SILENCE_NS
        return -(-self.duration_ns(7) // 2)

    def pieces(self, answer: bytes) -> list[tuple[int, bytes]]:
        """Cut an answer; each piece with the time its last bit has passed.

        The times are nanoseconds after the answer began, so that no piece is
        handed on before the wire would have brought it.
        """
        size = max(1, PIECE_NS // self.duration_ns(1))
        return [
            (self.duration_ns(min(start + size, len(answer))), piece)
            for start in range(0, len(answer), size)
            if (piece := answer[start : start + size])
        ]

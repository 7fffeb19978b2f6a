# SPDX-License-Identifier: Apache-2.0
"""What a serial line can carry: Modbus over Serial Line V1.02, section 2.5.1."""

import msgspec

READ_REQUEST = 8
"""Characters: unit, function, address (2), count (2), CRC (2)."""

READ_OVERHEAD = 5
"""Characters of an answer beside its data: unit, function, length, CRC (2)."""

WRITE_OVERHEAD = 9 + 8
"""Characters of a write of registers beside its data: request, and answer."""


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """A line's speed. Times are in seconds.

    bits  bits of one character: start, 8 data, parity if any, stop bits
    """

    baudrate: int
    bits: int

    @property
    def character_s(self) -> float:
        """Time of one character."""
        return self.bits / self.baudrate

    @property
    def silence_s(self) -> float:
        """Least silence before a frame: 3.5 characters, fixed above 19200 baud."""
        return 0.00175 if self.baudrate > 19200 else 3.5 * self.character_s

    def read_s(self, registers: int, *, turnaround_s: float) -> float:
        """Time of one read, from the silence before it to its last character."""
        characters = READ_REQUEST + READ_OVERHEAD + 2 * registers
        turnaround_s = max(turnaround_s, self.silence_s)
        return self.silence_s + characters * self.character_s + turnaround_s

    def write_s(self, registers: int, *, turnaround_s: float) -> float:
        """Time of one write of registers (function code 16), likewise."""
        characters = WRITE_OVERHEAD + 2 * registers
        turnaround_s = max(turnaround_s, self.silence_s)
        return self.silence_s + characters * self.character_s + turnaround_s

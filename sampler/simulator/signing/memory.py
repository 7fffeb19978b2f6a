# SPDX-License-Identifier: Apache-2.0
"""Registers that keep what was put there: numbers, texts and streams of bytes."""


class Memory:
    """Several runs of registers; between them nothing exists."""

    def __init__(self, *spans: range, low_first: bool = False) -> None:
        """Take the addresses, and whether a number's low word comes first."""
        self._spans = [(span, bytearray(2 * len(span))) for span in spans]
        self._low_first = low_first

    def holds(self, address: int, count: int = 1) -> bool:
        """Say whether all these registers exist, in one run."""
        return self._find(address, count) is not None

    def get(self, address: int, count: int) -> bytes:
        """Give the bytes of registers that exist."""
        span, data = self._at(address, count)
        start = 2 * (address - span.start)
        return bytes(data[start : start + 2 * count])

    def put(self, address: int, data: bytes) -> None:
        """Put whole registers that exist."""
        span, kept = self._at(address, len(data) // 2)
        start = 2 * (address - span.start)
        kept[start : start + len(data)] = data

    def clear(self, address: int, count: int) -> None:
        """Let registers be zero."""
        self.put(address, bytes(2 * count))

    def number(self, address: int, words: int = 1, *, signed: bool = False) -> int:
        """Read an integer."""
        data = self._ordered(self.get(address, words))
        return int.from_bytes(data, signed=signed)

    def put_number(self, address: int, number: int, words: int = 1) -> None:
        """Write an integer; a negative one as its two's complement."""
        whole = number % (1 << 16 * words)
        self.put(address, self._ordered(whole.to_bytes(2 * words)))

    def text(self, address: int, words: int) -> str:
        """Read up to the first NUL; bytes that are no UTF-8 survive."""
        data = self.get(address, words).partition(b"\0")[0]
        return data.decode(errors="surrogateescape")

    def put_text(self, address: int, text: str, words: int) -> None:
        """Write a text, cut to fit, and NULs after it."""
        data = text.encode(errors="surrogateescape")[: 2 * words]
        self.put(address, data.ljust(2 * words, b"\0"))

    def _ordered(self, data: bytes) -> bytes:
        if not self._low_first:
            return data
        return b"".join(data[at : at + 2] for at in range(len(data) - 2, -2, -2))

    def _find(self, address: int, count: int) -> tuple[range, bytearray] | None:
        for span, data in self._spans:
            if span.start <= address and address + count <= span.stop:
                return span, data
        return None

    def _at(self, address: int, count: int) -> tuple[range, bytearray]:
        found = self._find(address, count)
        if found is None:
            raise LookupError(f"no {count} registers at {address}: ask holds() first")
        return found

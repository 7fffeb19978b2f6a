# SPDX-License-Identifier: Apache-2.0
"""Where the answer is in what a line brought: behind our own echo, behind noise.

A two-wire line brings more than answers. An adapter whose receiver stays on hears
its own request; a driver that is switched on or off leaves a character or two of
noise. Neither may cost a reading, or a meter on such a line never gives one. What is
found here is only where a frame stands: its CRC has yet to be right.
"""

import msgspec

EXCEPTION_SIZE = 5
"""Characters of an exception: unit, function | 0x80, code, CRC (2)."""

LARGEST_NOISE = 16
"""Characters before an answer that are noise; with more, the line itself is bad."""

_HEADER = 3  # unit, function, length
_TELLING = 6  # characters of an echo that no answer begins with: unit ... count

WRITE_REGISTERS = 16
_WRITE_HEADER = 6  # unit, function, address, count: the answer repeats the request's
_WRITE_TELLING = 8  # behind them an echo has the data, and an answer its CRC


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an answer by now.

    start    where it begins in what was received (a guess until it has begun)
    end      where it ends, or will end
    missing  characters still to come, as far as can be told; 0: read no further
    begun    whether its first characters are there
    """

    start: int
    end: int
    missing: int
    begun: bool


class Search:
    """Looks for the answer to one request, whatever comes before it."""

    def __init__(self, request: bytes, size: int) -> None:
        """Take the request as sent, and the characters of its answer."""
        self._request = request
        self._size = size
        if request[1] == WRITE_REGISTERS:
            self._header = request[:_WRITE_HEADER]
            self._telling = _WRITE_TELLING
        else:
            self._header = bytes((request[0], request[1], (size - 5) & 0xFF))
            self._telling = _TELLING

    def look(self, received: bytes) -> Found:
        """Say where the answer is in all that was received since the request."""
        if not received:
            return self._from(0, self._size, received, begun=False)
        if received.startswith(self._header) and not self._is_echo(received):
            return self._from(0, self._size, received)
        return self._look_behind(received)

    def _look_behind(self, received: bytes) -> Found:
        """Take the first header behind the echo, or go on waiting for one."""
        if self._is_echo(received) and len(received) < len(self._request):
            return self._from(len(self._request), self._size, received, begun=False)
        refusal = bytes((self._request[0], self._request[1] | 0x80))
        echo = received.find(self._request, 0, LARGEST_NOISE + len(self._request))
        start = 0 if echo < 0 else echo + len(self._request)
        places = [
            (place, size)
            for pattern, size in (
                (self._header, self._size),
                (refusal, EXCEPTION_SIZE),
            )
            if (place := received.find(pattern, start, start + LARGEST_NOISE)) >= 0
        ]
        if places:
            return self._from(*min(places), received)
        if len(received) - start >= LARGEST_NOISE + _HEADER:
            return self._from(start, len(received) - start, received, begun=False)
        size = max(self._size, len(received) - start + 1)
        return self._from(start, size, received, begun=False)

    @staticmethod
    def _from(start: int, size: int, received: bytes, *, begun: bool = True) -> Found:
        end = start + size
        missing = max(0, end - len(received))
        return Found(start=start, end=end, missing=missing, begun=begun)

    def _is_echo(self, received: bytes) -> bool:
        """Whether it begins as the request did, or is our own request whole."""
        telling = received[: len(self._request)]
        return len(telling) >= self._telling and self._request.startswith(telling)

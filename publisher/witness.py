# SPDX-License-Identifier: Apache-2.0
"""A second witness of the counters, beside the journal: it knows older copies.

Written after each commit and never waited for: after a power cut it may be behind
the journal, which means nothing. A journal that is behind its witness was replaced
by an older copy of itself, and would use paginations again that are out in the world.
"""

import contextlib
from pathlib import Path

import msgspec

from publisher.errors import CounterError

_LARGEST = 65_536
_COUNTERS = msgspec.json.Decoder(dict[str, int])


class Witness:
    """The next pagination of each key, as far as it was written down."""

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(f"{journal.name}.counters")
        self._seen = self._read()

    @property
    def is_empty(self) -> bool:
        """Whether it has seen no key yet."""
        return not self._seen

    def refuse_older(self, fingerprint: str, number: int, *, used: int) -> None:
        """Raise CounterError if a key's next number is out in the world already.

        number  what the journal holds for the next
        used    the last that one of its own records has
        """
        least = max(used + 1, self._seen.get(fingerprint, 1))
        if number < least:
            raise CounterError(
                f"key {fingerprint}: the journal would sign number {number}, but"
                f" {least - 1} is used already: an older copy was put back; put the"
                " right one back, or make a new key"
            )

    def note(self, fingerprint: str, next_pagination: int) -> None:
        """Write down what is committed; if that fails, the journal still has it."""
        self._seen[fingerprint] = next_pagination
        beside = self._path.with_name(f"{self._path.name}.new")
        with contextlib.suppress(OSError):
            beside.write_bytes(msgspec.json.encode(self._seen))
            beside.chmod(0o600)
            beside.replace(self._path)

    def _read(self) -> dict[str, int]:
        try:
            with self._path.open("rb") as file:
                return _COUNTERS.decode(file.read(_LARGEST))
        except (OSError, msgspec.MsgspecError, ValueError):
            return {}  # not there, or torn by a power cut: it can tell nothing

# SPDX-License-Identifier: Apache-2.0
"""When a silent meter is asked again: soon at first, then seldom, so others live."""

from ipc.units import NS_PER_S

EAGER = 2
"""After so many failures in a row it is still asked with every tick."""

FIRST_WAIT_S = 0.5

LONGEST_WAIT_S = 5.0
"""With others on the bus: a time-out and the quiet after it cost them 0.4 s."""

LONGEST_WAIT_ALONE_S = 1.0
"""Nobody else waits for the bus: what counts is to be there when the meter is back."""


class Patience:
    """Whether a meter has been silent, and from when on it is to be asked again."""

    def __init__(self, *, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self.failures = 0
        self.due_ns = 0
        self._longest_wait_s = longest_wait_s

    def answered(self) -> None:
        """Forget every silence: it is read with every tick again."""
        self.failures = 0
        self.due_ns = 0

    def failed(self, now_ns: int) -> None:
        """Wait twice as long as the last time, up to the longest wait."""
        self.failures += 1
        if self.failures > EAGER:
            doublings = min(self.failures - EAGER - 1, 16)
            wait_s = min(FIRST_WAIT_S * 2**doublings, self._longest_wait_s)
            self.due_ns = now_ns + round(wait_s * NS_PER_S)

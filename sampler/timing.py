# SPDX-License-Identifier: Apache-2.0
"""How long the port waits for what, beside the time-out that the user sets."""

import msgspec


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Waits, in seconds.

    guard_s   a probe wakes this much before an answer can be complete
    pause_s   a frame has ended after this long a pause: USB adapters hold bytes for 16 ms
    settle_s  after a failure the line must be quiet for this long before a request
    reopen_s  least time between two attempts to open a port that is gone
    """

    guard_s: float = 0.0006
    pause_s: float = 0.03
    settle_s: float = 0.1
    reopen_s: float = 1.0

    @property
    def give_up_settling_s(self) -> float:
        """A line that is not quiet for so long will not be: nothing is sent then."""
        return 5 * self.settle_s


TIMING = Timing()

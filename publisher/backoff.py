# SPDX-License-Identifier: Apache-2.0
"""How long to wait before the next attempt to reach the broker."""

import random

SHORTEST_S = 0.5
LONGEST_S = 30.0


class Backoff:
    """Doubles from SHORTEST_S to LONGEST_S, with jitter, until it is reset.

    The jitter (a factor of 0.5 to 1) keeps a site's chargers from knocking in step
    after their broker restarted.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._next_s = SHORTEST_S

    def next_s(self) -> float:
        """Give the wait before the next attempt."""
        wait_s = self._next_s * self._chance.uniform(0.5, 1.0)
        self._next_s = min(2 * self._next_s, LONGEST_S)
        return wait_s

    def reset(self) -> None:
        """Begin anew: the last attempt succeeded."""
        self._next_s = SHORTEST_S

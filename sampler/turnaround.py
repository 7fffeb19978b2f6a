# SPDX-License-Identifier: Apache-2.0
"""How soon a meter answers, learned from its answers: when to wake for the next.

Whoever wakes before an answer is complete learns when it came, but wakes twice. Who
wakes when it must be complete wakes once, and learns only that it took no longer.
So most answers are met when they are due, and one in PROBE_EVERY early.
"""

import collections

REMEMBERED = 16
"""Answers. Windowed: an average would feed on our own lateness, a least time of all
times would be that of one lucky answer for ever."""

PROBE_EVERY = 16


class Turnaround:
    """Of one meter and one kind of read: the least of the last few, in seconds.

    It errs on the early side, which costs a wake-up; late would cost the wire's time.
    """

    def __init__(self) -> None:
        self._least_s = collections.deque([0.0], maxlen=REMEMBERED)
        self._answers = 0

    @property
    def expected_s(self) -> float:
        """From the end of a request to the beginning of its answer, at the least."""
        return min(self._least_s)

    @property
    def is_probe(self) -> bool:
        """Whether the next answer is to be met early, to see when it comes."""
        return self._answers % PROBE_EVERY == 0

    def answered(self, measured_s: float, *, was_awaited: bool) -> None:
        """Take a whole answer; if it was there before we looked, it took no longer."""
        if not was_awaited:
            measured_s = min(measured_s, self.expected_s)
        self._least_s.append(max(0.0, measured_s))
        self._answers += 1

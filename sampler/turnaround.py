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

LEARNED = 4
"""Answers that are met from the first moment on, before any of them is believed."""


class Turnaround:
    """Of one meter and one kind of read: the least of the last few, in seconds.

    It errs on the early side, which costs a wake-up; late would cost the wire's time.

    expected_s  from the end of a request to the beginning of its answer, at the least
    is_probe    whether the next answer is to be met early, to see when it comes
    """

    def __init__(self) -> None:
        self.expected_s = 0.0
        self.is_probe = True
        self._least_s: collections.deque[float] = collections.deque(maxlen=REMEMBERED)
        self._answers = 0

    def answered(self, measured_s: float, *, was_awaited: bool) -> None:
        """Take a whole answer; if it was there before we looked, it took no longer."""
        if was_awaited:
            self._least_s.append(max(0.0, measured_s))
        elif self.is_probe:  # it may have become much faster: learn anew
            self._least_s.clear()
        else:
            self._least_s.append(min(max(0.0, measured_s), self.expected_s))
        is_learned = len(self._least_s) >= LEARNED
        self.expected_s = min(self._least_s) if is_learned else 0.0
        self._answers += 1
        self.is_probe = self._answers % PROBE_EVERY == 0

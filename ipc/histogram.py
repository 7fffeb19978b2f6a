# SPDX-License-Identifier: Apache-2.0
"""Durations counted into fixed classes: what is kept of a thousand of them.

Counting costs a microsecond and no memory, so the real-time process can afford it;
quantiles are for whoever reads the status.
"""

from bisect import bisect_left

import msgspec


class Histogram(msgspec.Struct, kw_only=True):
    """How many durations were at most each bound, since the process started.

    bounds  seconds, ascending; each the upper end of its class, itself included
    counts  one for each class, and one more for what exceeds the last bound
    sum_s   of all durations
    """

    bounds: tuple[float, ...]
    counts: list[int]
    sum_s: float = 0.0

    @classmethod
    def of(cls, *bounds: float) -> "Histogram":
        """Make an empty one with these classes."""
        return cls(bounds=bounds, counts=[0] * (len(bounds) + 1))

    @property
    def total(self) -> int:
        """How many durations there were."""
        return sum(self.counts)

    def observe(self, duration_s: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(self.bounds, duration_s)] += 1
        self.sum_s += duration_s

    def bound_of(self, share: float) -> float | None:
        """Give the bound that this share of all durations (0 to 1) did not exceed.

        None: there were none, or it lies above the last bound.
        """
        wanted, seen = share * self.total, 0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            seen += count
            if seen and seen >= wanted:
                return bound
        return None

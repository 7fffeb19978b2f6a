# SPDX-License-Identifier: Apache-2.0
"""One meter as EVerest sees it: its topics, its open window, its newest sample."""

from ipc.config import MeterTable
from ipc.sample import Sample
from ipc.units import NS_PER_S
from publisher.health import Health, judge
from publisher.topics import Topics
from publisher.window import Aggregate, Window


class Meter:
    """Takes a meter's samples, good and bad, and knows what follows from them."""

    def __init__(
        self, table: MeterTable, *, topics: Topics, window_s: float, fresh_s: float
    ) -> None:
        self.table = table
        self.topics = topics
        self._window = Window(window_s=window_s)
        self._fresh_s = fresh_s
        self._newest_good_ns: int | None = None

    def add(self, sample: Sample, *, now_ns: int) -> Aggregate | None:
        """Take a sample; give the window it closed.

        One that is not good is a hole. So is one that is no longer fresh: the ring
        may hold what a sampler measured long before we, or it, came back. One that
        is as far in the future was left from before the machine was restarted.
        """
        is_fresh = abs(now_ns - sample.mono_ns) <= self._fresh_s * NS_PER_S
        if not (sample.is_good and is_fresh):
            return None
        self._newest_good_ns = sample.mono_ns
        return self._window.add(sample)

    def close_by(self, wall_ns: int) -> Aggregate | None:
        """Give the open window if its time is over."""
        return self._window.close_by(wall_ns)

    def health(self, *, writer_runs: bool, now_ns: int) -> Health:
        """Judge this meter's chain now (CLOCK_MONOTONIC, the same in both processes)."""
        newest_ns = self._newest_good_ns
        age_s = None if newest_ns is None else (now_ns - newest_ns) / NS_PER_S
        return judge(
            writer_runs=writer_runs, newest_good_age_s=age_s, fresh_s=self._fresh_s
        )

# SPDX-License-Identifier: Apache-2.0
"""One meter as EVerest sees it: its topics, its cadence, its newest sample."""

from ipc.config import BusTable, Config, MeterTable, PublishTable
from ipc.sample import Sample
from ipc.units import NS_PER_S
from publisher.cadence import Cadence
from publisher.health import RECOVERED_AFTER, Health, judge
from publisher.topics import Topics
from publisher.window import Aggregate


def of_bus(config: Config, bus: BusTable) -> "list[Meter]":
    """Give the meters of a bus, in the order of the configuration."""
    return [
        Meter(
            table,
            topics=Topics(base=config.mqtt.base_topic, module_id=table.module_id),
            publish=config.publish,
        )
        for table in bus.meter
    ]


class Meter:
    """Takes a meter's samples, good and bad, and knows what follows from them."""

    def __init__(
        self, table: MeterTable, *, topics: Topics, publish: PublishTable
    ) -> None:
        self.table = table
        self.topics = topics
        self._cadence = Cadence(publish)
        self._fresh_s = publish.fresh_s
        self._newest_good_ns: int | None = None
        self._was_good = False
        self._still_needed = 0  # good samples in a row, after a loss

    def add(self, sample: Sample, *, now_ns: int) -> list[Aggregate] | None:
        """Take a sample; give what it made complete, in order, or None for a hole.

        One that is not good is a hole. So is one that is no longer fresh: the ring
        may hold what a sampler measured long before we, or it, came back. One that
        is as far in the future was left from before the machine was restarted.
        """
        is_fresh = abs(now_ns - sample.mono_ns) <= self._fresh_s * NS_PER_S
        if not (sample.is_good and is_fresh):
            self._still_needed = RECOVERED_AFTER if self._still_needed else 0
            return None
        self._newest_good_ns = sample.mono_ns
        self._still_needed = max(0, self._still_needed - 1)
        return self._cadence.add(sample)

    def close_by(self, wall_ns: int) -> list[Aggregate]:
        """Give the open window if its time is over."""
        return self._cadence.close_by(wall_ns)

    def health(self, *, writer_runs: bool, now_ns: int, trouble: str = "") -> Health:
        """Judge this meter's chain now (CLOCK_MONOTONIC, the same in both processes).

        trouble  why EVerest's requests cannot be served; empty if they can

        A single sample that is missed changes nothing, for fresh_s bears more than
        one; after a loss it takes several good ones in a row.
        """
        newest_ns = self._newest_good_ns
        age_s = None if newest_ns is None else (now_ns - newest_ns) / NS_PER_S
        health = judge(
            writer_runs=writer_runs,
            newest_good_age_s=age_s,
            fresh_s=self._fresh_s,
            trouble=trouble,
            is_recovering=self._still_needed > 0,
        )
        if self._was_good and not health.is_good:
            self._still_needed = RECOVERED_AFTER
        self._was_good = health.is_good
        return health

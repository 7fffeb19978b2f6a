# SPDX-License-Identifier: Apache-2.0
"""When a good sample is given out: with its window, at once, or early.

Every sample is in exactly one message, and messages are in the samples' order, so
nothing is told twice.
"""

from ipc.config import PublishTable, WindowValue
from ipc.sample import Quantity, Sample, is_present
from publisher.window import POWER_INDEX, Aggregate, Window, alone


class Cadence:
    """Of one meter. Feed it good samples; it gives what is to be published."""

    def __init__(self, table: PublishTable) -> None:
        self._window = Window(
            window_s=table.window_s, keeps_last=table.window_value is WindowValue.LAST
        )
        self._every_sample = table.every_sample
        self._early_w = table.early_power_change_w
        self._told_w: float | None = None

    def add(self, sample: Sample) -> list[Aggregate]:
        """Take a good sample; give what is complete now, in order.

        A sample that is published early goes by itself: in a mean it would be
        diluted by what was before the change. What the open window holds until then
        goes before it.
        """
        if self._every_sample:
            return [alone(sample)]
        if self._is_change(sample):
            return self._tell(self._window.take(), alone(sample))
        return self._tell(self._window.add(sample))

    def close_by(self, wall_ns: int) -> list[Aggregate]:
        """Give the open window if its time is over."""
        return self._tell(self._window.close_by(wall_ns))

    def _is_change(self, sample: Sample) -> bool:
        if self._early_w is None or self._told_w is None:
            return False
        power_w = float(getattr(sample, Quantity.POWER_W))
        return is_present(power_w) and abs(power_w - self._told_w) > self._early_w

    def _tell(self, *complete: Aggregate | None) -> list[Aggregate]:
        """Remember the power that EVerest is about to know."""
        told = [aggregate for aggregate in complete if aggregate]
        for aggregate in told:
            if is_present(power_w := aggregate.values[POWER_INDEX]):
                self._told_w = power_w
        return told

# SPDX-License-Identifier: Apache-2.0
"""Values that cannot be true: kept back, named and counted, never published as good.

A number that no low-voltage installation has is a wrong register, a wrong word order
or a broken meter. An energy counter that goes back, or runs faster than any charging
station, is a meter that is starting, or has been reset, or replaced. What it shows
then is taken for true once it has been steady for a while: a new counter stays, a
meter's zeros before it has read its memory do not.
"""

from collections.abc import Mapping, Sequence

import msgspec

from ipc.sample import QUANTITIES, Quantity, is_present
from ipc.units import NS_PER_S
from sampler.registermap import Register

GREATEST = {
    "v": 1500.0,
    "a": 10_000.0,
    "w": 10e6,
    "var": 10e6,
    "hz": 1000.0,
    "c": 300.0,
}
"""Magnitudes by unit. Low voltage ends at 1500 V, or 1000 V if it alternates (IEC
60038); the others are ten times what the largest charging stations have."""

GREATEST_AC_V = 1000.0

GREATEST_POWER_W = 1e6
"""Faster than this no counter of a charging station runs: a megawatt."""

SLACK_MWH = 1_000_000
"""A counter's step of 1 kWh, beside what the power explains; coarser ones say so."""

STEADY_SAMPLES = 5
STEADY_NS = 10 * NS_PER_S
"""A counter that jumped is the new one when it has been steady for both."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A counter that jumped and stayed: reset or replaced."""

    quantity: Quantity
    before_mwh: int
    after_mwh: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Which values cannot be true, and which counters are accepted as new."""

    implausible: tuple[Quantity, ...]
    accepted: tuple[Accepted, ...]


class _Level(msgspec.Struct, frozen=True, kw_only=True):
    """What a counter showed, and when."""

    mwh: int
    mono_ns: int


class _Counter:
    """The last true level of one energy, and a new one that is on probation."""

    def __init__(self, step_mwh: float) -> None:
        self.level: _Level | None = None
        self._slack_mwh = max(SLACK_MWH, step_mwh)
        self._since_ns = 0
        self._candidate: _Level | None = None
        self._steady = 0

    def take(self, now: _Level) -> bool:
        """Whether this can be true; if so it is the level from now on."""
        if self.level is None or self.follows(self.level, now) or self._stays(now):
            self.level = now
            self._candidate = None
            return True
        return False

    def follows(self, before: _Level, now: _Level) -> bool:
        """Whether a counter can have come from one level to the other."""
        elapsed_s = (now.mono_ns - before.mono_ns) / NS_PER_S
        most_mwh = GREATEST_POWER_W * elapsed_s / 3.6 + self._slack_mwh
        return 0 <= now.mwh - before.mwh <= most_mwh

    def _stays(self, now: _Level) -> bool:
        """Whether the new level has been steady for long enough."""
        if self._candidate is None or not self.follows(self._candidate, now):
            self._since_ns = now.mono_ns
            self._steady = 0
        self._candidate = now
        self._steady += 1
        return (
            self._steady >= STEADY_SAMPLES and now.mono_ns - self._since_ns >= STEADY_NS
        )


class Gate:
    """Judges the values of one meter, sample after sample."""

    def __init__(self, registers: Mapping[Quantity, Register]) -> None:
        ranged = [q for q in QUANTITIES if q in registers and not q.is_energy]
        self._bounds = [(QUANTITIES.index(q), q, _greatest(q)) for q in ranged]
        counted = [q for q in QUANTITIES if q in registers and q.is_energy]
        self._counters = [
            (QUANTITIES.index(q), q, _Counter(registers[q].scale)) for q in counted
        ]

    def judge(self, values: Sequence[float], *, mono_ns: int) -> Verdict:
        """Judge the values of one sample, in the order of QUANTITIES."""
        implausible = [
            quantity
            for index, quantity, greatest in self._bounds
            if abs(values[index]) > greatest  # false for a NaN: it is absent
        ]
        accepted = []
        for index, quantity, counter in self._counters:
            if not is_present(values[index]):
                continue
            now = _Level(mwh=int(values[index]), mono_ns=mono_ns)
            before, is_true = counter.level, counter.take(now)
            if not is_true:
                implausible.append(quantity)
            elif before and not counter.follows(before, now):
                accepted.append(
                    Accepted(
                        quantity=quantity, before_mwh=before.mwh, after_mwh=now.mwh
                    )
                )
        return Verdict(implausible=tuple(implausible), accepted=tuple(accepted))


def _greatest(quantity: Quantity) -> float:
    unit = quantity.value.rpartition("_")[2]
    is_alternating = unit == "v" and quantity is not Quantity.VOLTAGE_DC_V
    return GREATEST_AC_V if is_alternating else GREATEST[unit]

# SPDX-License-Identifier: Apache-2.0
"""The physics: a car that charges on three phases, as the meter's inputs see it.

Everything is a function of the seed and of the time since the start, so an hour
that nobody looked at costs nothing, and two runs of one seed show the same.

What is given is the energy: the integral of a ramp with a slow ripple on it, in
closed form. The power shown is the mean over the last measuring window, which is
the energy of that window over its length. So energy is the integral of the power
shown by construction, not by luck. Current follows from power and voltage, and the
voltage sags with the current.
"""

import cmath
import math
import random
from collections.abc import Callable

import msgspec

from ipc.clock import NS_PER_MS, NS_PER_S

WINDOW_NS = 200 * NS_PER_MS
"""The measuring window: ten periods at 50 Hz (IEC 61000-4-30, 4.4)."""

RAMP_S = 15.0
"""From plugged in to full power."""

GREATEST_LOAD_W = 60_000.0
"""Three phases of a directly connected meter (100 A) with room for the ripple."""

LINE_RESISTANCE_OHM = 0.08
"""Of the grid and the cable together: 16 A cost 1.3 V."""

_RIPPLES = ((0.010, 311.0), (0.006, 47.0), (0.003, 7.3), (0.002, 1.7))
"""Of the power: share and period in s. A charger regulates slowly and a little."""

S_PER_H = 3600.0


class PhaseState(msgspec.Struct, frozen=True, kw_only=True):
    """One phase at one instant; energies since the meter was made."""

    voltage_v: float
    current_a: float
    power_w: float
    reactive_power_var: float
    energy_import_wh: float
    energy_export_wh: float
    reactive_energy_import_varh: float
    reactive_energy_export_varh: float

    @property
    def apparent_power_va(self) -> float:
        """Voltage times current."""
        return self.voltage_v * self.current_a

    @property
    def power_factor(self) -> float:
        """Power over apparent power; 1 without a current."""
        return power_factor(self.power_w, self.apparent_power_va)


class LoadState(msgspec.Struct, frozen=True, kw_only=True):
    """All three phases at one instant."""

    frequency_hz: float
    phases: tuple[PhaseState, PhaseState, PhaseState]

    def total(self, value: Callable[[PhaseState], float]) -> float:
        """Sum a value over the phases."""
        return sum(map(value, self.phases))

    @property
    def neutral_current_a(self) -> float:
        """The phasor sum of the phases' currents, 120 degrees apart."""
        return abs(
            sum(
                cmath.rect(
                    phase.current_a,
                    -math.tau * number / 3 - math.acos(phase.power_factor),
                )
                for number, phase in enumerate(self.phases)
            )
        )

    def line_voltage_v(self, first: int, second: int) -> float:
        """Give the voltage between two phases (0, 1, 2), 120 degrees apart."""
        one, other = self.phases[first].voltage_v, self.phases[second].voltage_v
        return math.sqrt(one**2 + other**2 + one * other)


class Load:
    """The charging car, and the counters of the meter it is measured by."""

    def __init__(self, *, seed: int, power_w: float) -> None:
        """Take the power after the ramp (import, all phases): 0 to 60 kW."""
        source = random.Random(seed)  # noqa: S311 - physics, not a secret
        shares = [source.uniform(0.99, 1.01) for _ in range(3)]
        self._seed = seed
        self._frequency = _Tone(source, amplitude=0.02, period_s=53.0)
        self._phases = [
            _Phase(source, power_w=power_w * share / sum(shares)) for share in shares
        ]

    def at(self, elapsed_ns: int) -> LoadState:
        """Give what the meter shows this long after the start (0 or more)."""
        window = elapsed_ns // WINDOW_NS
        # One generator a window, so that a window's noise depends on nothing else.
        noise = random.Random(self._seed << 64 | window)  # noqa: S311 - physics
        end_s = window * WINDOW_NS / NS_PER_S
        one, two, three = (phase.at(end_s, noise) for phase in self._phases)
        return LoadState(
            frequency_hz=50.0 + self._frequency.at(end_s) + noise.gauss(0, 0.003),
            phases=(one, two, three),
        )


class _Tone:
    """One sine with a seeded phase."""

    def __init__(
        self, source: random.Random, *, amplitude: float, period_s: float
    ) -> None:
        self._amplitude = amplitude
        self._omega = math.tau / period_s
        self._phi = source.uniform(0, math.tau)

    def at(self, t: float) -> float:
        return self._amplitude * math.sin(self._omega * t + self._phi)

    def integral(self, t: float) -> float:
        """Integrate from 0 to t."""
        end = math.cos(self._omega * t + self._phi)
        return self._amplitude / self._omega * (math.cos(self._phi) - end)

    def ramp_integral(self, t: float) -> float:
        """Integrate the tone times its own time from 0 to t (by parts)."""
        end = self._omega * t + self._phi
        swing = (math.sin(end) - math.sin(self._phi)) / self._omega
        return self._amplitude / self._omega * (swing - t * math.cos(end))


class _Phase:
    """One phase of the car, of the grid and of the meter's counters."""

    def __init__(self, source: random.Random, *, power_w: float) -> None:
        self._power_w = power_w
        self._ripples = [
            _Tone(source, amplitude=share, period_s=period)
            for share, period in _RIPPLES
        ]
        self._power_factor = source.uniform(0.985, 0.998)
        self._tan_phi = math.tan(math.acos(self._power_factor))
        self._grid_v = source.uniform(228.0, 233.0)
        self._grid_drift = _Tone(source, amplitude=0.9, period_s=97.0)
        # Whole Wh that were counted before the start.
        self._import_wh = source.randrange(100_000, 300_000)
        self._export_wh = source.randrange(1_000, 20_000)
        self._import_varh = source.randrange(10_000, 200_000)
        self._export_varh = source.randrange(1_000, 20_000)

    def at(self, end_s: float, noise: random.Random) -> PhaseState:
        """Give the state at the end of a window."""
        window_s = min(WINDOW_NS / NS_PER_S, end_s)
        energy_ws = self._energy_ws(end_s)
        begun_ws = self._energy_ws(end_s - window_s)
        power_w = (energy_ws - begun_ws) / window_s if window_s else 0.0
        grid_v = self._grid_v + self._grid_drift.at(end_s) + noise.gauss(0, 0.08)
        current_a = _current_a(power_w / self._power_factor, grid_v)
        energy_wh = energy_ws / S_PER_H
        return PhaseState(
            voltage_v=grid_v - LINE_RESISTANCE_OHM * current_a,
            current_a=current_a,
            power_w=power_w,
            reactive_power_var=power_w * self._tan_phi,
            energy_import_wh=self._import_wh + energy_wh,
            energy_export_wh=self._export_wh,
            reactive_energy_import_varh=self._import_varh + energy_wh * self._tan_phi,
            reactive_energy_export_varh=self._export_varh,
        )

    def _energy_ws(self, t: float) -> float:
        """Integrate the power from 0 to t: up the ramp, then on the level."""
        ramp_s = min(t, RAMP_S)
        up = ramp_s**2 / 2 + sum(tone.ramp_integral(ramp_s) for tone in self._ripples)
        level = (t - ramp_s) + sum(
            tone.integral(t) - tone.integral(ramp_s) for tone in self._ripples
        )
        return self._power_w * (up / RAMP_S + level)


def power_factor(power_w: float, apparent_power_va: float) -> float:
    """Give their ratio, at most 1, and 1 where no power flows."""
    return min(power_w / apparent_power_va, 1.0) if apparent_power_va else 1.0


def _current_a(apparent_va: float, grid_v: float) -> float:
    """Solve I * (grid - R * I) = S for the smaller I.

    Written so that a small S loses no digits to a difference of equal numbers.
    """
    root = math.sqrt(grid_v**2 - 4 * LINE_RESISTANCE_OHM * apparent_va)
    return 2 * apparent_va / (grid_v + root)

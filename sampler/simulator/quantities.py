# SPDX-License-Identifier: Apache-2.0
"""What a meter shows of the load, quantity by quantity, in a profile's units."""

import enum
from collections.abc import Callable, Iterable

from sampler.simulator.load import LoadState, PhaseState

Shown = Callable[[LoadState], float]

_OfPhase = Callable[[PhaseState], float]


class Wiring(enum.Enum):
    """How a meter is connected to the load.

    Of the three phases, a meter of one phase sees the first. A direct-current meter
    sees what the charger makes of all three.
    """

    ONE_PHASE = 1
    THREE_PHASES = 3
    DIRECT_CURRENT = 0


def wiring_of(quantities: Iterable[str]) -> Wiring:
    """Tell from a meter's quantities how it is connected."""
    names = set(quantities)
    if any("_dc_" in name for name in names):
        return Wiring.DIRECT_CURRENT
    of_phases = [name for name in names if "_l2_" in name or "_l3_" in name]
    has_first = "voltage_l1_v" in names
    return Wiring.ONE_PHASE if has_first and not of_phases else Wiring.THREE_PHASES


def shown(quantity: str, wiring: Wiring) -> Shown:
    """Give what a meter shows of a quantity; a KeyError is a quantity unknown here."""
    kind, phase = _parts(quantity)
    if kind in _OF_PHASES:
        value = _OF_PHASES[kind]
        if phase is None and wiring is Wiring.ONE_PHASE:
            phase = 0
        return (
            (lambda state: state.total(value)) if phase is None else _of(value, phase)
        )
    return _OTHERS[kind]


def greatest(quantity: str) -> float:
    """Give a bound that the load never reaches, for choosing a scale."""
    return _GREATEST[quantity.rpartition("_")[2]]


def _of(value: _OfPhase, phase: int) -> Shown:
    return lambda state: value(state.phases[phase])


def _parts(quantity: str) -> tuple[str, int | None]:
    """Split "power_l2_w" into "power_w" and 1; no phase is None."""
    for phase in range(3):
        infix = f"_l{phase + 1}_"
        if infix in quantity:
            return quantity.replace(infix, "_"), phase
    return quantity, None


def _direct_voltage_v(state: LoadState) -> float:
    """Rectified: 400 V when the three phases have 230 V."""
    return state.total(lambda phase: phase.voltage_v) / 3 * 400 / 230


def _temperature_c(state: LoadState) -> float:
    return 25.0 + 0.05 * state.total(lambda phase: phase.current_a)


_OF_PHASES: dict[str, _OfPhase] = {
    "voltage_v": lambda phase: phase.voltage_v,
    "current_a": lambda phase: phase.current_a,
    "power_w": lambda phase: phase.power_w,
    "reactive_power_var": lambda phase: phase.reactive_power_var,
    "energy_import_mwh": lambda phase: 1000 * phase.energy_import_wh,
    "energy_export_mwh": lambda phase: 1000 * phase.energy_export_wh,
}

_OTHERS: dict[str, Shown] = {
    "frequency_hz": lambda state: state.frequency_hz,
    "current_n_a": lambda state: state.neutral_current_a,
    "voltage_dc_v": _direct_voltage_v,
    "current_dc_a": lambda state: (
        state.total(lambda phase: phase.power_w) / _direct_voltage_v(state)
    ),
    "temperature_1_c": _temperature_c,
    "temperature_2_c": _temperature_c,
    "temperature_3_c": _temperature_c,
}

_GREATEST = {"v": 1_000, "a": 300, "w": 70_000, "var": 70_000, "hz": 100, "c": 100}
_GREATEST["mwh"] = 1_000_000_000_000

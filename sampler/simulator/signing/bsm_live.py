# SPDX-License-Identifier: Apache-2.0
"""Bauer BSM-WS36A: SunSpec model 203, each number next to the scale it shares.

Source: chargeITmobility/bsm-python bdec54e0ca, doc/modbus. Chosen here: the scales
but those of energy and power. What a sum of hours is not kept of reads zero.
"""

from collections.abc import Callable, Iterator

from sampler.simulator.form import Scaled
from sampler.simulator.image import Cell
from sampler.simulator.load import LoadState, PhaseState, power_factor
from sampler.simulator.signing.bsm_layout import ENERGY_SCALE, POWER_SCALE

_PhaseValue = Callable[[PhaseState], float]
_Value = Callable[[LoadState], float]

_INT16 = Scaled(name="int16")


def _scaled(tens: int) -> Scaled:
    return Scaled(name="int16", scale=10.0**tens)


def _scale(address: int, tens: int) -> Cell:
    return Cell(address=address, encoding=_INT16, value=lambda _: tens)


def _cell(address: int, tens: int, value: _Value) -> Cell:
    return Cell(address=address, encoding=_scaled(tens), value=value)


def _of_phase(number: int, value: _PhaseValue) -> _Value:
    return lambda state: value(state.phases[number])


def _phases(first: int, tens: int, value: _PhaseValue) -> Iterator[Cell]:
    for number in range(3):
        yield _cell(first + number, tens, _of_phase(number, value))


def _total_and_phases(first: int, tens: int, value: _PhaseValue) -> Iterator[Cell]:
    """Place the sum, the three phases, and their scale."""
    yield _cell(first, tens, lambda state: state.total(value))
    yield from _phases(first + 1, tens, value)
    yield _scale(first + 4, tens)


def _energies(first: int, value: _PhaseValue) -> Iterator[Cell]:
    counter = Scaled(name="uint32", scale=10.0**ENERGY_SCALE, floor=True)
    values: list[_Value] = [lambda state: state.total(value)]
    values += [_of_phase(number, value) for number in range(3)]
    for number, each in enumerate(values):
        yield Cell(address=first + 2 * number, encoding=counter, value=each)


def _mean_voltage(state: LoadState) -> float:
    return state.total(lambda phase: phase.voltage_v) / 3


def _line_voltage(number: int) -> _Value:
    return lambda state: state.line_voltage_v(number, (number + 1) % 3)


def _mean_line_voltage(state: LoadState) -> float:
    return sum(_line_voltage(number)(state) for number in range(3)) / 3


def _power_factor_percent(state: LoadState) -> float:
    apparent_va = state.total(lambda phase: phase.apparent_power_va)
    return 100 * power_factor(state.total(lambda phase: phase.power_w), apparent_va)


def import_wh(state: LoadState) -> float:
    """Give the import counter, with the digits that it does not show."""
    return state.total(lambda phase: phase.energy_import_wh)


def power_w(state: LoadState) -> float:
    """Give the power of all phases."""
    return state.total(lambda phase: phase.power_w)


CELLS = (
    *_total_and_phases(40092, -2, lambda phase: phase.current_a),
    _cell(40097, -1, _mean_voltage),
    *_phases(40098, -1, lambda phase: phase.voltage_v),
    _cell(40101, -1, _mean_line_voltage),
    *(_cell(40102 + number, -1, _line_voltage(number)) for number in range(3)),
    _scale(40105, -1),
    _cell(40106, -2, lambda state: state.frequency_hz),
    _scale(40107, -2),
    *_total_and_phases(40108, POWER_SCALE, lambda phase: phase.power_w),
    *_total_and_phases(40113, POWER_SCALE, lambda phase: phase.apparent_power_va),
    *_total_and_phases(40118, POWER_SCALE, lambda phase: phase.reactive_power_var),
    _cell(40123, -1, _power_factor_percent),
    *_phases(40124, -1, lambda phase: 100 * phase.power_factor),
    _scale(40127, -1),
    *_energies(40128, lambda phase: phase.energy_export_wh),
    *_energies(40136, lambda phase: phase.energy_import_wh),
    _scale(40144, ENERGY_SCALE),
)

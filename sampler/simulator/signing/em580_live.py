# SPDX-License-Identifier: Apache-2.0
"""Carlo Gavazzi EM580: the numbers it shows, low word first.

Sources: EVerest CarloGavazzi_EM580 aa8113f909; ModDef carlo-gavazzi-em580 d3c8a04,
written from the vendor's protocol paper, public version 1.11.
"""

from collections.abc import Callable, Iterator

from sampler.simulator.form import Scaled
from sampler.simulator.image import Cell, Table
from sampler.simulator.load import LoadState, PhaseState, power_factor

_PhaseValue = Callable[[PhaseState], float]
_Value = Callable[[LoadState], float]

_INT16 = Scaled(name="int16")
_TENTHS = Scaled(name="int32", scale=0.1, low_first=True)
_THOUSANDTHS = Scaled(name="int32", scale=0.001, low_first=True)
_HUNDREDS_WH = Scaled(name="int32", scale=100, low_first=True, floor=True)
_WH = Scaled(name="int64", low_first=True, floor=True)

FIRMWARE = 0x1603
"""1.6.3: major, minor, revision (4, 4 and 8 bits), as in the one real record."""


def _cell(address: int, encoding: Scaled, value: _Value) -> Cell:
    return Cell(address=address, encoding=encoding, value=value)


def _per_phase(first: int, encoding: Scaled, value: _PhaseValue) -> Iterator[Cell]:
    """Place L1, L2, L3 one after the other."""
    for number in range(3):
        address = first + encoding.words * number
        yield _cell(address, encoding, _of_phase(number, value))


def _of_phase(number: int, value: _PhaseValue) -> _Value:
    return lambda state: value(state.phases[number])


def _total(address: int, encoding: Scaled, value: _PhaseValue) -> Cell:
    return _cell(address, encoding, lambda state: state.total(value))


def _line_voltages(first: int) -> Iterator[Cell]:
    for number in range(3):
        yield _cell(first + 2 * number, _TENTHS, _line_voltage(number))


def _line_voltage(number: int) -> _Value:
    return lambda state: state.line_voltage_v(number, (number + 1) % 3)


def _mean_line_voltage(state: LoadState) -> float:
    return sum(state.line_voltage_v(n, (n + 1) % 3) for n in range(3)) / 3


def _system_power_factor(state: LoadState) -> float:
    apparent_va = state.total(lambda phase: phase.apparent_power_va)
    return power_factor(state.total(lambda phase: phase.power_w), apparent_va)


def _temperature_c(state: LoadState) -> float:
    return 25.0 + 0.05 * state.total(lambda phase: phase.current_a)


def import_wh(state: LoadState) -> int:
    """Give the whole Wh of the import counter."""
    return int(state.total(lambda phase: phase.energy_import_wh))


def export_wh(state: LoadState) -> int:
    """Give the whole Wh of the export counter."""
    return int(state.total(lambda phase: phase.energy_export_wh))


LIVE = Table(
    read_codes=frozenset({3, 4}),
    # The ends of the runs are where EVerest's blocks end.
    spans=(range(0x0058), range(0x0302, 0x0308), range(0x0500, 0x0520)),
    cells=(
        *_per_phase(0x0000, _TENTHS, lambda phase: phase.voltage_v),
        *_line_voltages(0x0006),
        *_per_phase(0x000C, _THOUSANDTHS, lambda phase: phase.current_a),
        *_per_phase(0x0012, _TENTHS, lambda phase: phase.power_w),
        *_per_phase(0x0018, _TENTHS, lambda phase: phase.apparent_power_va),
        *_per_phase(0x001E, _TENTHS, lambda phase: phase.reactive_power_var),
        _cell(0x0024, _TENTHS, lambda s: s.total(lambda phase: phase.voltage_v) / 3),
        _cell(0x0026, _TENTHS, _mean_line_voltage),
        _total(0x0028, _TENTHS, lambda phase: phase.power_w),
        _total(0x002A, _TENTHS, lambda phase: phase.apparent_power_va),
        _total(0x002C, _TENTHS, lambda phase: phase.reactive_power_var),
        *_per_phase(
            0x002E,
            Scaled(name="int16", scale=0.001),
            lambda phase: phase.power_factor,
        ),
        _cell(0x0031, Scaled(name="int16", scale=0.001), _system_power_factor),
        _cell(0x0032, _INT16, lambda _: 1),  # L1, L2, L3
        _cell(0x0033, Scaled(name="int16", scale=0.1), lambda s: s.frequency_hz),
        _total(0x0034, _HUNDREDS_WH, lambda phase: phase.energy_import_wh),
        _total(0x004E, _HUNDREDS_WH, lambda phase: phase.energy_export_wh),
        _cell(0x0302, _INT16, lambda _: FIRMWARE),
        _cell(0x0303, _INT16, lambda _: FIRMWARE),
        _cell(0x0307, Scaled(name="int16", scale=0.1), _temperature_c),
        _cell(0x0500, _WH, import_wh),
        _cell(0x051C, _WH, export_wh),
    ),
)

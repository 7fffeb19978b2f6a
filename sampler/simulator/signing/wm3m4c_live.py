# SPDX-License-Identifier: Apache-2.0
"""Iskra WM3M4C: the input registers, high word first (manual number less 30000).

Sources: EVerest RsIskraMeter aa8113f909; ModDef iskra-wm3m4 b53a128, of the maker's
manual 2.13; Tinkerforge's charger (finer counters). Not public, and chosen here: the
exponents of the counters, one below and one above zero.
"""

from collections.abc import Callable, Iterator

import msgspec

from sampler.simulator import form
from sampler.simulator.form import Packs, Scaled
from sampler.simulator.image import Cell, Table
from sampler.simulator.load import LoadState, PhaseState, power_factor

_PhaseValue = Callable[[PhaseState], float]
_Value = Callable[[LoadState], float]

MODEL = "WM3M4C"
FIRMWARE = 205
IMPORT_EXPONENT, EXPORT_EXPONENT = -1, 1

_T2 = Scaled(name="int16")
_T5 = Scaled(name="iskra-t5")
_T6 = Scaled(name="iskra-t6")


class _T7(msgspec.Struct, frozen=True, kw_only=True):
    """A power factor: import, inductive, and its magnitude times 10000."""

    words: int = 2

    def pack(self, number: float) -> bytes:
        return bytes(2) + round(10_000 * number).to_bytes(2)


def _cell(address: int, encoding: Packs, value: _Value) -> Cell:
    return Cell(address=address, encoding=encoding, value=value)


def _constant(address: int, encoding: Packs, number: float = 0) -> Cell:
    return _cell(address, encoding, lambda _: number)


def _phases(first: int, encoding: Packs, value: _PhaseValue) -> Iterator[Cell]:
    """Place L1, L2, L3 one after the other."""
    for number in range(3):
        yield _cell(first + 2 * number, encoding, _of_phase(number, value))


def _of_phase(number: int, value: _PhaseValue) -> _Value:
    return lambda state: value(state.phases[number])


def _total_and_phases(
    first: int, encoding: Packs, value: _PhaseValue
) -> Iterator[Cell]:
    yield _cell(first, encoding, lambda state: state.total(value))
    yield from _phases(first + 2, encoding, value)


def _line_voltage(number: int) -> _Value:
    return lambda state: state.line_voltage_v(number, (number + 1) % 3)


def _power_factor(state: LoadState) -> float:
    apparent_va = state.total(lambda phase: phase.apparent_power_va)
    return power_factor(state.total(lambda phase: phase.power_w), apparent_va)


def _temperature_c(state: LoadState) -> float:
    return 25.0 + 0.05 * state.total(lambda phase: phase.current_a)


def import_wh(state: LoadState) -> float:
    """Give the import counter."""
    return state.total(lambda phase: phase.energy_import_wh)


def _export_wh(state: LoadState) -> float:
    return state.total(lambda phase: phase.energy_export_wh)


def _counter(exponent: int) -> Scaled:
    return Scaled(name="int32", scale=10.0**exponent, floor=True)


def live(serial: str) -> Table:
    """Give the table of one meter."""
    return Table(
        read_codes=frozenset({4}),
        spans=(range(210), range(400, 440)),
        cells=(
            _constant(0, _T2, 4),  # the WM family
            _constant(1, form.text(MODEL, words=8, low=False)),
            _constant(9, form.text(serial, words=4, low=False)),
            _constant(13, _T2, FIRMWARE),
            _constant(14, _T2, ord("B")),  # hardware
            _cell(105, _T5, lambda state: state.frequency_hz),
            *_phases(107, _T5, lambda phase: phase.voltage_v),
            *(_cell(118 + 2 * n, _T5, _line_voltage(n)) for n in range(3)),
            *_phases(126, _T5, lambda phase: phase.current_a),
            *_total_and_phases(140, _T6, lambda phase: phase.power_w),
            *_total_and_phases(148, _T6, lambda phase: phase.reactive_power_var),
            *_total_and_phases(156, _T5, lambda phase: phase.apparent_power_va),
            _cell(164, _T7(), _power_factor),
            *_phases(166, _T7(), lambda phase: phase.power_factor),
            _cell(181, Scaled(name="int16", scale=0.01), _temperature_c),
            _constant(414, _T2, IMPORT_EXPONENT),
            _constant(415, _T2, EXPORT_EXPONENT),
            _cell(418, _counter(IMPORT_EXPONENT), import_wh),
            _cell(420, _counter(EXPORT_EXPONENT), _export_wh),
            _cell(434, _counter(IMPORT_EXPONENT - 3), import_wh),
            _cell(436, _counter(EXPORT_EXPONENT - 3), _export_wh),
        ),
    )

# SPDX-License-Identifier: Apache-2.0
"""Eastron SDM630 (V1, V2): three phases, direct connection.

Sources: SDM630-Modbus MID V2 user manual (1.2 input registers, 1.3 holding
registers, 3.11 exceptions); volkszaehler/mbmd meters/rs485/sdm.go. All addresses
are 0-based wire addresses, every parameter is a float32 in two registers. Nothing
here was compared with a real meter.

Inferred from other meters of the maker: the codes of the baud rates, the pulse
widths, where the phase angles and the neutral current stand.

Not simulated, and read as zero: ampere- and volt-ampere-hours, demands, distortion.
"""

import math
from collections.abc import Callable, Iterator

from ipc.clock import NS_PER_MS
from sampler.simulator.frame import READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS
from sampler.simulator.image import Cell, Encoding, Setting, Table
from sampler.simulator.load import LoadState, PhaseState, power_factor
from sampler.simulator.model import Identity, Model

INPUT_SPANS = (range(0x006C), range(0x00C8, 0x010E), range(0x014E, 0x017E))
"""From the first to the last parameter of each part of the manual's table. What a
wiring does not have reads zero (1.2); gaps are taken to do the same, because readers
in the field cross them with one block."""

HOLDING_SPANS = (range(0x001E), range(0xFC00, 0xFC02))

SYSTEM_TYPE_3P4W = 3.0

_PhaseValue = Callable[[PhaseState], float]


def _float(address: int, value: Callable[[LoadState], float]) -> Cell:
    return Cell(address=address, encoding=Encoding.FLOAT32, value=value)


def _per_phase(first: int, value: _PhaseValue) -> Iterator[Cell]:
    """Place L1, L2, L3 one after the other."""
    for number in range(3):
        yield _float(first + 2 * number, _of_phase(number, value))


def _of_phase(number: int, value: _PhaseValue) -> Callable[[LoadState], float]:
    return lambda state: value(state.phases[number])


def _total(address: int, value: _PhaseValue) -> Cell:
    return _float(address, lambda state: state.total(value))


def _mean(address: int, value: _PhaseValue) -> Cell:
    return _float(address, lambda state: state.total(value) / 3)


def _total_power_factor(state: LoadState) -> float:
    apparent_power_va = state.total(lambda phase: phase.apparent_power_va)
    return power_factor(state.total(lambda phase: phase.power_w), apparent_power_va)


def _degrees(factor: float) -> float:
    return math.degrees(math.acos(factor))


def _import_kwh(phase: PhaseState) -> float:
    return phase.energy_import_wh / 1000


def _export_kwh(phase: PhaseState) -> float:
    return phase.energy_export_wh / 1000


def _both_kwh(phase: PhaseState) -> float:
    return _import_kwh(phase) + _export_kwh(phase)


def _import_kvarh(phase: PhaseState) -> float:
    return phase.reactive_energy_import_varh / 1000


def _export_kvarh(phase: PhaseState) -> float:
    return phase.reactive_energy_export_varh / 1000


def _both_kvarh(phase: PhaseState) -> float:
    return _import_kvarh(phase) + _export_kvarh(phase)


INPUT = Table(
    read_codes=frozenset({READ_INPUT_REGISTERS}),
    spans=INPUT_SPANS,
    cells=(
        *_per_phase(0x0000, lambda phase: phase.voltage_v),
        *_per_phase(0x0006, lambda phase: phase.current_a),
        *_per_phase(0x000C, lambda phase: phase.power_w),
        *_per_phase(0x0012, lambda phase: phase.apparent_power_va),
        *_per_phase(0x0018, lambda phase: phase.reactive_power_var),
        *_per_phase(0x001E, lambda phase: phase.power_factor),
        *_per_phase(0x0024, lambda phase: _degrees(phase.power_factor)),
        _mean(0x002A, lambda phase: phase.voltage_v),
        _mean(0x002E, lambda phase: phase.current_a),
        _total(0x0030, lambda phase: phase.current_a),
        _total(0x0034, lambda phase: phase.power_w),
        _total(0x0038, lambda phase: phase.apparent_power_va),
        _total(0x003C, lambda phase: phase.reactive_power_var),
        _float(0x003E, _total_power_factor),
        _float(0x0042, lambda state: _degrees(_total_power_factor(state))),
        _float(0x0046, lambda state: state.frequency_hz),
        _total(0x0048, _import_kwh),
        _total(0x004A, _export_kwh),
        _total(0x004C, _import_kvarh),
        _total(0x004E, _export_kvarh),
        _float(0x00C8, lambda state: state.line_voltage_v(0, 1)),
        _float(0x00CA, lambda state: state.line_voltage_v(1, 2)),
        _float(0x00CC, lambda state: state.line_voltage_v(2, 0)),
        _float(0x00E0, lambda state: state.neutral_current_a),
        _total(0x0156, _both_kwh),
        _total(0x0158, _both_kvarh),
        *_per_phase(0x015A, _import_kwh),
        *_per_phase(0x0160, _export_kwh),
        *_per_phase(0x0166, _both_kwh),
        *_per_phase(0x016C, _import_kvarh),
        *_per_phase(0x0172, _export_kvarh),
        *_per_phase(0x0178, _both_kvarh),
    ),
)


def _setting(address: int, initial: float, *allowed: float) -> Setting:
    return Setting(
        address=address,
        encoding=Encoding.FLOAT32,
        initial=initial,
        allowed=frozenset(allowed),
    )


def _tables(identity: Identity) -> tuple[Table, ...]:
    """Give the registers of one meter.

    Network settings act after a restart (as of meters of the same build), and a
    simulated meter's restart takes them from its command line: here they only
    keep what was written.
    """
    holding = Table(
        read_codes=frozenset({READ_HOLDING_REGISTERS}),
        spans=HOLDING_SPANS,
        cells=(
            _float(0x000A, lambda _: SYSTEM_TYPE_3P4W),
            Cell(
                address=0xFC00,
                encoding=Encoding.U32,
                value=lambda _: identity.serial_number,
            ),
        ),
        settings=(
            _setting(0x0002, 60, 0, 5, 8, 10, 15, 20, 30, 60),  # demand period, min
            _setting(0x000C, 100, 60, 100, 200),  # width of pulse 1, ms
            _setting(0x0012, 0, 0, 1, 2, 3),  # 8N1, 8E1, 8O1, 8N2
            _setting(0x0014, identity.unit_id, *range(1, 248)),  # unit id
            _setting(0x001C, 2, 0, 1, 2, 3, 4),  # 2400, 4800, 9600, 19200, 38400
        ),
    )
    return INPUT, holding


MODEL = Model(
    name="eastron_sdm630",
    # No public figure. Real ones take longer; this keeps the wire the limit.
    turnaround_ns=1 * NS_PER_MS,
    largest_read=80,  # 40 parameters (1.1)
    tables=_tables,
)

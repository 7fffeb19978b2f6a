# SPDX-License-Identifier: Apache-2.0
"""From a window's values to the message that EVerest gets."""

from collections.abc import Callable

from ipc.sample import QUANTITIES, PhaseSequence, Quantity, is_present
from publisher.messages import number, timestamp
from publisher.values import (
    Current,
    Frequency,
    Powermeter,
    Temperature,
    Totals,
    Voltage,
)
from publisher.window import Aggregate

Value = Callable[[str], float | None]


def powermeter(aggregate: Aggregate, *, meter_id: str) -> Powermeter | None:
    """Write one window as powermeter_values; None if it lacks the energy imported.

    EVerest requires energy_Wh_import: without it there is nothing it would take.
    """
    value = _values(aggregate)
    energy_import = _totals(value, "energy_import", "mwh", 1000)
    if energy_import is None:
        return None
    sequence = aggregate.phase_sequence
    return Powermeter(
        timestamp=timestamp(aggregate.wall_ns),
        meter_id=meter_id,
        energy_import=energy_import,
        energy_export=_totals(value, "energy_export", "mwh", 1000),
        phase_seq_error=(
            None
            if sequence == PhaseSequence.UNKNOWN
            else sequence == PhaseSequence.WRONG
        ),
        power=_totals(value, "power", "w"),
        reactive_power=_totals(value, "reactive_power", "var"),
        voltage=_voltage(value),
        current=_current(value),
        frequency=_frequency(value),
        temperatures=_temperatures(value),
    )


def _values(aggregate: Aggregate) -> Value:
    """Look a quantity up by name: a number that EVerest can bear, or None."""
    values = aggregate.values
    present = {
        quantity.value: number(value)
        for quantity, value in zip(QUANTITIES, values, strict=True)
        if is_present(value)
    }
    return present.get


def _totals(value: Value, name: str, unit: str, counts: int = 1) -> Totals | None:
    def scaled(place: str) -> float | None:
        raw = value(f"{name}{place}_{unit}")
        return None if raw is None else raw / counts

    total = scaled("")
    if total is None:
        return None
    return Totals(total=total, L1=scaled("_l1"), L2=scaled("_l2"), L3=scaled("_l3"))


def _voltage(value: Value) -> Voltage | None:
    voltage = Voltage(
        DC=value(Quantity.VOLTAGE_DC_V),
        L1=value(Quantity.VOLTAGE_L1_V),
        L2=value(Quantity.VOLTAGE_L2_V),
        L3=value(Quantity.VOLTAGE_L3_V),
    )
    return voltage if voltage != Voltage() else None


def _current(value: Value) -> Current | None:
    current = Current(
        DC=value(Quantity.CURRENT_DC_A),
        L1=value(Quantity.CURRENT_L1_A),
        L2=value(Quantity.CURRENT_L2_A),
        L3=value(Quantity.CURRENT_L3_A),
        N=value(Quantity.CURRENT_N_A),
    )
    return current if current != Current() else None


def _frequency(value: Value) -> Frequency | None:
    first = value(Quantity.FREQUENCY_L1_HZ)
    if first is None:
        return None
    return Frequency(
        L1=first,
        L2=value(Quantity.FREQUENCY_L2_HZ),
        L3=value(Quantity.FREQUENCY_L3_HZ),
    )


def _temperatures(value: Value) -> list[Temperature] | None:
    temperatures = [
        Temperature(temperature=reading, identification=quantity.value)
        for quantity in (
            Quantity.TEMPERATURE_1_C,
            Quantity.TEMPERATURE_2_C,
            Quantity.TEMPERATURE_3_C,
        )
        if (reading := value(quantity)) is not None
    ]
    return temperatures or None

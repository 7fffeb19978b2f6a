# SPDX-License-Identifier: Apache-2.0
"""m2e/powermeter_values: every field that EVerest knows, as frozen Structs.

Only the time stamp and the energy imported are required. Whoever fills these passes
every number through messages.number().
"""

import msgspec

Text = str | None


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is sent: None means absent and is never written."""


class Totals(Record, frozen=True, kw_only=True):
    """Energy (Wh), power (W) or reactive power (var): the total is required."""

    total: float
    L1: float | None = None
    L2: float | None = None
    L3: float | None = None


class Voltage(Record, frozen=True, kw_only=True):
    """Volts."""

    DC: float | None = None
    L1: float | None = None
    L2: float | None = None
    L3: float | None = None


class Current(Record, frozen=True, kw_only=True):
    """Amperes."""

    DC: float | None = None
    L1: float | None = None
    L2: float | None = None
    L3: float | None = None
    N: float | None = None


class Frequency(Record, frozen=True, kw_only=True):
    """Hertz."""

    L1: float
    L2: float | None = None
    L3: float | None = None


class Temperature(Record, frozen=True, kw_only=True):
    """Degrees Celsius."""

    temperature: float
    identification: Text = None
    location: Text = None


class SignedMeterValue(Record, frozen=True, kw_only=True):
    """A record, byte for byte as it was signed.

    signing_method   "" where the record itself names it, as OCMF does
    encoding_method  "OCMF"
    public_key       hexadecimal
    """

    signed_meter_data: str
    signing_method: str
    encoding_method: str
    public_key: Text = None
    timestamp: Text = None


class SignedTotals(Record, frozen=True, kw_only=True):
    """Energy, power or reactive power, each signed by itself."""

    total: SignedMeterValue
    L1: SignedMeterValue | None = None
    L2: SignedMeterValue | None = None
    L3: SignedMeterValue | None = None


class SignedVoltage(Record, frozen=True, kw_only=True):
    """Voltages, each signed by itself."""

    DC: SignedMeterValue | None = None
    L1: SignedMeterValue | None = None
    L2: SignedMeterValue | None = None
    L3: SignedMeterValue | None = None


class SignedCurrent(Record, frozen=True, kw_only=True):
    """Currents, each signed by itself."""

    DC: SignedMeterValue | None = None
    L1: SignedMeterValue | None = None
    L2: SignedMeterValue | None = None
    L3: SignedMeterValue | None = None
    N: SignedMeterValue | None = None


class SignedFrequency(Record, frozen=True, kw_only=True):
    """Frequencies, each signed by itself."""

    L1: SignedMeterValue
    L2: SignedMeterValue | None = None
    L3: SignedMeterValue | None = None


class Powermeter(
    Record,
    frozen=True,
    kw_only=True,
    rename={
        "energy_import": "energy_Wh_import",
        "energy_export": "energy_Wh_export",
        "power": "power_W",
        "voltage": "voltage_V",
        "reactive_power": "VAR",
        "current": "current_A",
        "frequency": "frequency_Hz",
        "energy_import_signed": "energy_Wh_import_signed",
        "energy_export_signed": "energy_Wh_export_signed",
        "power_signed": "power_W_signed",
        "voltage_signed": "voltage_V_signed",
        "reactive_power_signed": "VAR_signed",
        "current_signed": "current_A_signed",
        "frequency_signed": "frequency_Hz_signed",
    },
):
    """The message. Power is positive when energy is imported."""

    timestamp: str
    energy_import: Totals
    meter_id: Text = None
    phase_seq_error: bool | None = None
    energy_export: Totals | None = None
    power: Totals | None = None
    voltage: Voltage | None = None
    reactive_power: Totals | None = None
    current: Current | None = None
    frequency: Frequency | None = None
    temperatures: list[Temperature] | None = None
    signed_meter_value: SignedMeterValue | None = None
    energy_import_signed: SignedTotals | None = None
    energy_export_signed: SignedTotals | None = None
    power_signed: SignedTotals | None = None
    voltage_signed: SignedVoltage | None = None
    reactive_power_signed: SignedTotals | None = None
    current_signed: SignedCurrent | None = None
    frequency_signed: SignedFrequency | None = None

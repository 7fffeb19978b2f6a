# SPDX-License-Identifier: Apache-2.0
"""What is measured: the closed list of quantities, and one sample of a meter.

A sample holds every quantity at one instant, with its quality. Absent means
absent: a float that was not measured is NaN, an energy that was not measured is
ENERGY_ABSENT. Neither is a value that a meter can show, so no mask travels along.
"""

import enum
import math

import msgspec

ENERGY_ABSENT = -(2**63)
"""An energy that was not measured (the least 64-bit integer)."""


class Quantity(enum.StrEnum):
    """The closed list. A name ends in its unit; the order is the ring's order.

    Powers are positive when the load draws from the mains. Energies are whole
    milliwatt-hours: fine enough for every register known to us (the finest count
    0.1 Wh), so an energy stays an exact integer from the register to the record.
    """

    VOLTAGE_L1_V = "voltage_l1_v"
    VOLTAGE_L2_V = "voltage_l2_v"
    VOLTAGE_L3_V = "voltage_l3_v"
    VOLTAGE_DC_V = "voltage_dc_v"
    CURRENT_L1_A = "current_l1_a"
    CURRENT_L2_A = "current_l2_a"
    CURRENT_L3_A = "current_l3_a"
    CURRENT_N_A = "current_n_a"
    CURRENT_DC_A = "current_dc_a"
    POWER_W = "power_w"
    POWER_L1_W = "power_l1_w"
    POWER_L2_W = "power_l2_w"
    POWER_L3_W = "power_l3_w"
    REACTIVE_POWER_VAR = "reactive_power_var"
    REACTIVE_POWER_L1_VAR = "reactive_power_l1_var"
    REACTIVE_POWER_L2_VAR = "reactive_power_l2_var"
    REACTIVE_POWER_L3_VAR = "reactive_power_l3_var"
    FREQUENCY_L1_HZ = "frequency_l1_hz"
    FREQUENCY_L2_HZ = "frequency_l2_hz"
    FREQUENCY_L3_HZ = "frequency_l3_hz"
    TEMPERATURE_1_C = "temperature_1_c"
    TEMPERATURE_2_C = "temperature_2_c"
    TEMPERATURE_3_C = "temperature_3_c"
    ENERGY_IMPORT_MWH = "energy_import_mwh"
    ENERGY_IMPORT_L1_MWH = "energy_import_l1_mwh"
    ENERGY_IMPORT_L2_MWH = "energy_import_l2_mwh"
    ENERGY_IMPORT_L3_MWH = "energy_import_l3_mwh"
    ENERGY_EXPORT_MWH = "energy_export_mwh"
    ENERGY_EXPORT_L1_MWH = "energy_export_l1_mwh"
    ENERGY_EXPORT_L2_MWH = "energy_export_l2_mwh"
    ENERGY_EXPORT_L3_MWH = "energy_export_l3_mwh"

    @property
    def is_energy(self) -> bool:
        """Whether its values are integers (milliwatt-hours)."""
        return self.value.startswith("energy_")


QUANTITIES = tuple(Quantity)
FLOAT_COUNT = sum(not quantity.is_energy for quantity in QUANTITIES)
ENERGY_COUNT = len(QUANTITIES) - FLOAT_COUNT


class Quality(enum.IntFlag):
    """Why a sample is not good. Zero is good; flags add up over its blocks."""

    GOOD = 0
    TIMEOUT = 1
    """The meter did not answer in time."""
    GARBLED = 2
    """An answer came, but not one that can be trusted (CRC, length, unit)."""
    REFUSED = 4
    """The meter answered with a Modbus exception."""
    NO_PORT = 8
    """The serial port is gone or was never there."""
    IMPLAUSIBLE = 16
    """At least one value cannot be true; it was left out."""


class PhaseSequence(enum.IntEnum):
    """What the meter says of the phases' order."""

    UNKNOWN = -1
    RIGHT = 0
    WRONG = 1


# Not keyword-only, unlike every other record here: struct.unpack hands it its
# fields in order, and a positional call is what makes a read of the ring cheap.
class Sample(msgspec.Struct, frozen=True, gc=False):
    """All quantities of one meter at one instant.

    meter       index of the meter on its bus, in the order of the configuration
    quality     bits of Quality; 0 is good
    phase_sequence  a value of PhaseSequence
    tick        number of the tick since the sampler started, from 0
    wall_ns     UTC, Unix epoch: the middle of the bus operations it was read in
    mono_ns     the same instant on CLOCK_MONOTONIC
    lateness_us   how late the tick began
    duration_us   how long its bus operations took
    misses      samples of this meter that were not good, since the sampler started
    overruns    ticks of this bus that were missed, since the sampler started
    """

    meter: int
    quality: int
    phase_sequence: int
    tick: int
    wall_ns: int
    mono_ns: int
    lateness_us: int
    duration_us: int
    misses: int
    overruns: int
    voltage_l1_v: float
    voltage_l2_v: float
    voltage_l3_v: float
    voltage_dc_v: float
    current_l1_a: float
    current_l2_a: float
    current_l3_a: float
    current_n_a: float
    current_dc_a: float
    power_w: float
    power_l1_w: float
    power_l2_w: float
    power_l3_w: float
    reactive_power_var: float
    reactive_power_l1_var: float
    reactive_power_l2_var: float
    reactive_power_l3_var: float
    frequency_l1_hz: float
    frequency_l2_hz: float
    frequency_l3_hz: float
    temperature_1_c: float
    temperature_2_c: float
    temperature_3_c: float
    energy_import_mwh: int
    energy_import_l1_mwh: int
    energy_import_l2_mwh: int
    energy_import_l3_mwh: int
    energy_export_mwh: int
    energy_export_l1_mwh: int
    energy_export_l2_mwh: int
    energy_export_l3_mwh: int

    @property
    def is_good(self) -> bool:
        """Whether every block of it was read and every value can be true."""
        return self.quality == 0


ABSENT: tuple[float | int, ...] = tuple(
    ENERGY_ABSENT if quantity.is_energy else math.nan for quantity in QUANTITIES
)
"""The values of a sample in which nothing was measured, in QUANTITIES' order."""

SAMPLE_FORMAT = f"HHbQqqIIII{FLOAT_COUNT}d{ENERGY_COUNT}q"
"""struct codes of a Sample's fields, in order, without byte order or padding."""


def is_present(value: float) -> bool:
    """Whether a sample's value was measured.

    >>> is_present(230.0), is_present(math.nan), is_present(ENERGY_ABSENT)
    (True, False, False)
    """
    return value == value and value != ENERGY_ABSENT  # noqa: PLR0124 - NaN test

# SPDX-License-Identifier: Apache-2.0
"""The sample: its fields are the closed list, in order."""

import math
import struct

from msgspec.structs import astuple

from ipc.sample import (
    ABSENT,
    ENERGY_ABSENT,
    QUANTITIES,
    SAMPLE_FORMAT,
    Quality,
    Sample,
    is_present,
)
from tests.fakes import sample_of

UNITS = ("v", "a", "w", "var", "hz", "c", "mwh")


def test_the_last_fields_of_a_sample_are_the_quantities_in_order():
    values = Sample.__struct_fields__[-len(QUANTITIES) :]
    assert values == tuple(quantity.value for quantity in QUANTITIES)


def test_every_name_ends_in_its_unit():
    assert {quantity.value.rsplit("_", 1)[1] for quantity in QUANTITIES} == set(UNITS)


def test_energies_are_integers_and_stand_behind_the_floats():
    kinds = [quantity.is_energy for quantity in QUANTITIES]
    assert kinds == sorted(kinds)
    assert [q for q in QUANTITIES if q.is_energy] == [
        q for q in QUANTITIES if q.value.endswith("_mwh")
    ]


def test_what_was_not_measured_is_absent():
    assert not any(is_present(value) for value in ABSENT)
    assert is_present(0.0)
    assert is_present(0)
    assert not is_present(math.nan)
    assert not is_present(ENERGY_ABSENT)


def test_a_sample_goes_through_its_format_unchanged():
    sample = sample_of(quality=Quality.TIMEOUT, power_w=-1.5, energy_import_mwh=2**60)
    packing = struct.Struct("<" + SAMPLE_FORMAT)
    back = Sample(*packing.unpack(packing.pack(*astuple(sample))))
    assert packing.pack(*astuple(back)) == packing.pack(*astuple(sample))
    assert back.power_w == -1.5
    assert back.energy_import_mwh == 2**60
    assert not back.is_good

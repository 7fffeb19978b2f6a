# SPDX-License-Identifier: Apache-2.0
"""Answers to values: each where it belongs, and none that cannot be."""

import math
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import ABSENT, QUANTITIES, Quantity, is_present
from sampler import registermap
from sampler.encoding import Encoding, Unavailable
from sampler.plan import plan
from sampler.registermap import Register
from sampler.wire import Wire
from tests.sampler.maps import (
    WIRES,
    encode,
    maps_with_counts,
    one_register,
    profile_of,
    register_maps,
)


@given(maps_with_counts(), WIRES)
def test_every_value_comes_out_where_it_went_in(registers_and_counts, wire):
    registers, counts = registers_and_counts
    planned = plan(profile_of(registers), wire)
    decoded = planned.decode(encode(registers, counts, planned))
    assert decoded.implausible == ()
    for quantity, value in zip(QUANTITIES, decoded.values, strict=True):
        if quantity not in counts:
            assert not is_present(value)
        elif quantity.is_energy:
            assert value == round(counts[quantity])
            assert isinstance(value, int)
        else:
            assert value == float(counts[quantity])


@given(register_maps(most=len(QUANTITIES), encodings=Encoding), WIRES, st.data())
def test_no_bytes_of_a_meter_raise_or_give_a_value_that_cannot_be(
    registers, wire, data
):
    planned = plan(profile_of(registers), wire)
    answers = [
        data.draw(st.none() | st.binary(min_size=2 * b.count, max_size=2 * b.count))
        for b in planned.blocks
    ]
    decoded = planned.decode(answers)
    for quantity, value in zip(QUANTITIES, decoded.values, strict=True):
        if is_present(value):
            assert math.isfinite(value)
            assert quantity not in decoded.implausible
            assert not (quantity.is_energy and not 0 <= value <= 10**15)


def test_without_an_answer_everything_is_absent():
    planned = plan(registermap.load("eastron_sdm630"), Wire(baudrate=9600, bits=10))
    decoded = planned.decode([None] * len(planned.blocks))
    assert repr(decoded.values) == repr(ABSENT)
    assert decoded.implausible == ()


def test_an_integer_energy_is_exact_where_a_float_would_not_be():
    count = 2**53 // 10 + 1  # tenths of a watt-hour
    _, energy = one_register(Quantity.ENERGY_IMPORT_MWH, Encoding.UINT64, 1, count)
    assert energy == count
    assert isinstance(energy, int)


def test_a_tenth_is_the_nearest_float_and_not_a_product():
    _, voltage = one_register(Quantity.VOLTAGE_L1_V, Encoding.UINT32, 0.1, 2303)
    assert voltage == 230.3


@pytest.mark.parametrize("count", [math.nan, math.inf, -math.inf, -1.0, 1e30])
def test_an_energy_that_cannot_be_is_left_out_and_named(count):
    decoded, energy = one_register(
        Quantity.ENERGY_IMPORT_MWH, Encoding.FLOAT32, 1_000_000, count
    )
    assert not is_present(energy)
    assert decoded.implausible == (Quantity.ENERGY_IMPORT_MWH,)


@pytest.mark.parametrize("count", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_left_out_and_named(count):
    decoded, power = one_register(Quantity.POWER_W, Encoding.FLOAT32, 1, count)
    assert not is_present(power)
    assert decoded.implausible == (Quantity.POWER_W,)


def test_nan_is_absent_where_the_profile_knows_it_and_implausible_where_not():
    profile = profile_of(
        {Quantity.POWER_W: Register(address=0, encoding=Encoding.FLOAT32)}
    )
    header = msgspec.structs.replace(profile.meter, unavailable=Unavailable.SUNSPEC)
    knowing = msgspec.structs.replace(profile, meter=header)
    for each, implausible in ((profile, (Quantity.POWER_W,)), (knowing, ())):
        planned = plan(each, Wire(baudrate=9600, bits=10))
        assert planned.decode([struct.pack(">f", math.nan)]).implausible == implausible

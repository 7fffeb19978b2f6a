# SPDX-License-Identifier: Apache-2.0
"""Values of more than one number: with an exponent, with Iskra's own, and sums."""

import math
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import QUANTITIES, Quantity, is_present
from sampler.encoding import Encoding, Unavailable
from sampler.plan import plan
from sampler.registermap import Exponent, Part, Register
from sampler.wire import Wire
from tests.sampler.maps import KWH_AND_WH, profile_of, words_of

EXPONENTS = {"tens": Exponent(address=300)}


def scaled(quantity: Quantity, encoding: Encoding, count: float, exponent: int | None):
    """Decode a count that is scaled by 10^exponent, which stands in another block."""
    register = Register(address=7, encoding=encoding, scale=1000, exponent="tens")
    profile = msgspec.structs.replace(
        profile_of({quantity: register}), exponents=EXPONENTS
    )
    planned = plan(profile, Wire(baudrate=9600, bits=10))
    assert [block.address for block in planned.blocks] == [7, 300]
    ten = None if exponent is None else exponent.to_bytes(2, signed=True)
    decoded = planned.decode([words_of(register, count), ten])
    return decoded, decoded.values[QUANTITIES.index(quantity)]


@given(st.integers(0, 2**40), st.integers(-18, 3))
def test_an_energy_with_an_exponent_is_exact_and_rounded_down(count, exponent):
    exact = Fraction(count * 1000) * Fraction(10) ** exponent
    decoded, energy = scaled(
        Quantity.ENERGY_IMPORT_MWH, Encoding.UINT64, count, exponent
    )
    if exact > 10**15:
        assert decoded.implausible == (Quantity.ENERGY_IMPORT_MWH,)
    else:
        assert energy == math.floor(exact)
        assert isinstance(energy, int)


@given(st.floats(0, 1e9), st.integers(-18, 3))
def test_an_energy_that_is_a_float_with_an_exponent_is_a_whole_number(count, exponent):
    exact = Fraction(count) * 1000 * Fraction(10) ** exponent
    _, energy = scaled(Quantity.ENERGY_IMPORT_MWH, Encoding.FLOAT64, count, exponent)
    assert isinstance(energy, int)
    assert energy == pytest.approx(float(exact), rel=1e-12, abs=0.5)


def test_an_energy_that_is_infinite_times_ten_is_implausible():
    energy = Quantity.ENERGY_IMPORT_MWH
    decoded, value = scaled(energy, Encoding.FLOAT64, math.inf, 1)
    assert decoded.implausible == (energy,)
    assert not is_present(value)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-18, 18))
def test_a_value_is_scaled_by_its_exponent(count, exponent):
    _, power = scaled(Quantity.POWER_W, Encoding.INT32, count, exponent)
    assert power == pytest.approx(float(count * 1000 * Fraction(10) ** exponent))


def test_what_has_lost_its_exponent_is_absent_and_not_implausible():
    decoded, power = scaled(Quantity.POWER_W, Encoding.INT32, 5, None)
    assert not is_present(power)
    assert decoded.implausible == ()


@pytest.mark.parametrize("exponent", [-19, 19, 32767, -32768])
def test_an_exponent_that_no_meter_has_makes_the_value_implausible(exponent):
    for quantity in (Quantity.POWER_W, Quantity.ENERGY_IMPORT_MWH):
        decoded, value = scaled(quantity, Encoding.INT32, 5, exponent)
        assert not is_present(value)
        assert decoded.implausible == (quantity,)


@pytest.mark.parametrize(
    ("encoding", "word", "value"),
    [
        (Encoding.ISKRA_T5, "FD01E240", 123.456),  # the example of Iskra's manual
        (Encoding.ISKRA_T5, "00FFFFFF", 16777215.0),
        (Encoding.ISKRA_T6, "00FFFFFF", -1.0),
        (Encoding.ISKRA_T6, "02FFFF85", -12300.0),
        (Encoding.ISKRA_T6, "FE7FFFFF", 83886.07),
    ],
)
def test_iskras_numbers_carry_their_own_exponent(encoding, word, value):
    registers = {Quantity.POWER_W: Register(address=140, encoding=encoding)}
    planned = plan(profile_of(registers), Wire(baudrate=9600, bits=10))
    decoded = planned.decode([bytes.fromhex(word)])
    assert decoded.values[QUANTITIES.index(Quantity.POWER_W)] == value


@given(st.integers(0, 10**8), st.integers(0, 999))
def test_two_registers_add_up_to_an_exact_energy(kwh, wh):
    profile = profile_of({Quantity.ENERGY_IMPORT_MWH: KWH_AND_WH})
    planned = plan(profile, Wire(baudrate=9600, bits=10))
    assert [(b.address, b.count) for b in planned.blocks] == [(0x400, 4)]
    decoded = planned.decode([kwh.to_bytes(4) + wh.to_bytes(4)])
    energy = decoded.values[QUANTITIES.index(Quantity.ENERGY_IMPORT_MWH)]
    assert energy == kwh * 1_000_000 + wh * 1000


@pytest.mark.parametrize(("says", "data"), [("largest", "7FFF"), ("sunspec", "8000")])
def test_of_a_sum_with_a_part_that_is_not_available_nothing_is_shown(says, data):
    part = Part(address=1, encoding=Encoding.INT16, scale=1)
    register = Register(address=0, encoding=Encoding.INT16, plus=part)
    profile = profile_of({Quantity.POWER_W: register})
    header = msgspec.structs.replace(profile.meter, unavailable=Unavailable(says))
    profile = msgspec.structs.replace(profile, meter=header)
    planned = plan(profile, Wire(baudrate=9600, bits=10))
    for answer in (data + "0001", "0001" + data):
        decoded = planned.decode([bytes.fromhex(answer)])
        assert not is_present(decoded.values[QUANTITIES.index(Quantity.POWER_W)])
        assert decoded.implausible == ()

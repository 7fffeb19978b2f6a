# SPDX-License-Identifier: Apache-2.0
"""The patterns that wrong wires make."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import PhaseSequence, Quantity
from ipc.wiring import LEAST_FACTOR, hints


def station(**change):
    """Three phases that charge a car, with what is changed."""
    values = {"frequency_l1_hz": 50.0}
    for phase in ("l1", "l2", "l3"):
        values[f"voltage_{phase}_v"] = 230.0
        values[f"current_{phase}_a"] = 16.0
        values[f"power_{phase}_w"] = 3670.0
    return values | change


def told(values, sequence=PhaseSequence.UNKNOWN):
    return list(hints(values, sequence))


def test_a_meter_that_is_wired_as_it_should_be_gets_no_hint():
    assert told(station(), PhaseSequence.RIGHT) == []


def test_nothing_measured_says_nothing():
    assert told({}) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"power_l2_w": -3670.0}, "L2 gives energy back"),
        ({"power_l3_w": 200.0}, "L3 carries 16.0 A but only 200 W"),
        ({"voltage_l1_v": 3.0}, "L1 has no voltage"),
        ({"voltage_l2_v": 399.0}, "L2 has 399 V to N"),
        ({"frequency_l1_hz": 0.0}, "no mains"),
    ],
)
def test_each_pattern_names_its_phase_and_its_cause(change, words):
    (line,) = told(station(**change))

    assert words in line


def test_a_transformer_on_the_wrong_phase_is_seen_though_its_power_is_negative():
    rotated = 230.0 * 16.0 * math.cos(math.radians(120))

    (line,) = told(station(power_l1_w=rotated))

    assert "L1" in line


def test_a_supply_that_is_off_is_one_hint_and_not_three():
    dead = {f"voltage_l{number}_v": 0.0 for number in (1, 2, 3)}

    assert told(dead) == ["no phase has voltage: the supply is off, or its fuses are"]


def test_a_wrong_phase_sequence_is_told():
    (line,) = told(station(), PhaseSequence.WRONG)

    assert "L1-L3-L2" in line


def test_a_car_that_draws_next_to_nothing_is_no_pattern():
    idle = {f"current_l{number}_a": 0.2 for number in (1, 2, 3)}
    idle |= {f"power_l{number}_w": -4.0 for number in (1, 2, 3)}

    assert told(station(**idle)) == []


@given(
    values=st.dictionaries(
        st.sampled_from([quantity.value for quantity in Quantity]),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
    )
)
def test_no_values_make_it_fail_and_each_hint_is_one_line(values):
    for line in told(values):
        assert line
        assert "\n" not in line


@given(factor=st.floats(LEAST_FACTOR, 1.0), amperes=st.floats(0.0, 100.0))
def test_a_usual_load_is_never_called_wrong(factor, amperes):
    values = {
        "voltage_l1_v": 230.0,
        "current_l1_a": amperes,
        "power_l1_w": 230.0 * amperes * factor * 1.0001,
    }

    assert told(values) == []

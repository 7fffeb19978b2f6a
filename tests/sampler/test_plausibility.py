# SPDX-License-Identifier: Apache-2.0
"""What cannot be true is kept back; a new counter is accepted once it is steady."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import ABSENT, ENERGY_ABSENT, QUANTITIES, Quantity
from ipc.units import NS_PER_S
from sampler.encoding import Encoding
from sampler.plausibility import (
    GREATEST_POWER_W,
    SLACK_MWH,
    STEADY_SAMPLES,
    Gate,
)
from sampler.registermap import Register

IMPORT = Quantity.ENERGY_IMPORT_MWH
KWH = 1_000_000


def register(scale: float = 1) -> Register:
    return Register(address=0, encoding=Encoding.UINT64, scale=scale)


def values_of(**named: float) -> list[float]:
    values = list(ABSENT)
    for name, value in named.items():
        values[QUANTITIES.index(Quantity(name))] = value
    return values


class Counted:
    """A gate for one counter, asked once a second."""

    def __init__(self, scale: float = 1):
        self.gate = Gate({IMPORT: register(scale)})
        self.now_s = 0
        self.accepted = []

    def shows(self, mwh: int) -> bool:
        verdict = self.gate.judge(
            values_of(energy_import_mwh=mwh), mono_ns=self.now_s * NS_PER_S
        )
        self.now_s += 1
        self.accepted += verdict.accepted
        return verdict.implausible == ()


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("voltage_l1_v", 253.0, 2300.0),
        ("voltage_dc_v", 1250.0, 15_000.0),
        ("current_l1_a", -630.0, -63_000.0),
        ("power_w", -350_000.0, 35e6),
        ("reactive_power_var", 1e5, -1e8),
        ("frequency_l1_hz", 60.0, 5000.0),
        ("temperature_1_c", 85.0, 850.0),
    ],
)
def test_a_value_far_over_any_range_is_named_and_a_high_one_is_not(name, right, wrong):
    gate = Gate(dict.fromkeys(QUANTITIES, register()))
    assert gate.judge(values_of(**{name: right}), mono_ns=0).implausible == ()
    assert gate.judge(values_of(**{name: wrong}), mono_ns=0).implausible == (name,)


def test_what_is_absent_is_no_matter():
    gate = Gate(dict.fromkeys(QUANTITIES, register()))
    assert gate.judge(ABSENT, mono_ns=0).implausible == ()


@given(st.lists(st.integers(0, int(GREATEST_POWER_W / 3.6)), max_size=50))
def test_a_counter_that_runs_no_faster_than_a_megawatt_is_true(gains):
    counter, level = Counted(), 5 * KWH
    for gain in gains:
        level += gain
        assert counter.shows(level)
    assert counter.accepted == []


@pytest.mark.parametrize("wrong", [0, 99 * KWH, 200 * KWH])
def test_one_reading_that_jumps_is_kept_back_and_the_next_right_one_is_true(wrong):
    counter = Counted()
    assert counter.shows(100 * KWH)
    assert not counter.shows(wrong)
    assert counter.shows(100 * KWH + 5)
    assert counter.accepted == []


def test_a_counter_that_was_replaced_is_accepted_after_ten_steady_seconds_and_said_once():
    counter = Counted()
    assert counter.shows(100 * KWH)
    for second in range(10):
        assert not counter.shows(7 * KWH + second)
    for second in range(10, 20):
        assert counter.shows(7 * KWH + second)
    [said] = counter.accepted
    assert said.quantity is IMPORT
    assert (said.before_mwh, said.after_mwh) == (100 * KWH, 7 * KWH + 10)


def test_ten_seconds_with_few_samples_are_not_enough():
    counter = Counted()
    assert counter.shows(100 * KWH)
    for _ in range(STEADY_SAMPLES - 1):
        counter.now_s += 10
        assert not counter.shows(0)
    counter.now_s += 10
    assert counter.shows(0)


def test_the_zeros_of_a_meter_that_is_starting_are_never_taken_for_a_new_counter():
    counter = Counted()
    assert counter.shows(100 * KWH)
    for _ in range(9):
        assert not counter.shows(0)
    assert counter.shows(100 * KWH + 9)
    assert counter.accepted == []


def test_a_counter_that_jumps_about_is_never_accepted():
    counter = Counted()
    assert counter.shows(100 * KWH)
    for second in range(60):
        assert not counter.shows((500 if second % 2 else 300) * KWH)


def test_what_was_counted_while_nobody_looked_is_no_jump():
    counter = Counted()
    assert counter.shows(100 * KWH)
    counter.now_s += 24 * 3600
    assert counter.shows(300 * KWH)


def test_the_step_of_a_coarse_counter_is_no_jump():
    coarse = Counted(scale=10 * KWH)
    assert coarse.shows(10 * KWH)
    assert coarse.shows(20 * KWH)
    fine = Counted()
    assert fine.shows(0)
    assert fine.shows(SLACK_MWH)
    assert not fine.shows(3 * SLACK_MWH)


def test_a_counter_that_was_not_read_keeps_its_level():
    counter = Counted()
    assert counter.shows(100 * KWH)
    assert counter.shows(ENERGY_ABSENT)
    assert not counter.shows(0)


@given(st.lists(st.integers(0, 10**15), max_size=60))
def test_no_value_is_both_true_and_below_the_last_true_one_unless_it_was_said(levels):
    counter, last = Counted(), None
    for level in levels:
        said = len(counter.accepted)
        if counter.shows(level):
            assert last is None or level >= last or len(counter.accepted) > said
            last = level

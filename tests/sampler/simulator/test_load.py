# SPDX-License-Identifier: Apache-2.0
"""The physics behind the registers."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.load import GREATEST_LOAD_W, RAMP_S, WINDOW_NS, Load

SECOND_NS = 1_000_000_000
YEAR_S = 366 * 86400

seeds = st.integers(0, 2**63 - 1)
powers_w = st.floats(0, GREATEST_LOAD_W)
instants_ns = st.integers(0, 10 * YEAR_S * SECOND_NS)


def energy_wh(state):
    return state.total(lambda phase: phase.energy_import_wh)


def power_w(state):
    return state.total(lambda phase: phase.power_w)


@given(seed=seeds, load_w=powers_w, first=st.integers(0, 10_000))
def test_energy_is_the_integral_of_the_power_shown(seed, load_w, first):
    load = Load(seed=seed, power_w=load_w)
    states = [load.at((first + step) * WINDOW_NS) for step in range(21)]
    integral_ws = sum(power_w(state) * 0.2 for state in states[1:])
    counted_wh = energy_wh(states[-1]) - energy_wh(states[0])
    assert counted_wh == pytest.approx(integral_ws / 3600, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_who_looks_once_a_second_finds_the_same_energy(seed):
    load = Load(seed=seed, power_w=11_000)
    states = [load.at(second * SECOND_NS) for second in range(601)]
    trapezoid_ws = sum(
        (power_w(before) + power_w(after)) / 2
        for before, after in itertools.pairwise(states)
    )
    counted_wh = energy_wh(states[-1]) - energy_wh(states[0])
    assert counted_wh == pytest.approx(trapezoid_ws / 3600, rel=2e-3)


@given(seed=seeds, load_w=powers_w, instant_ns=instants_ns)
def test_the_values_of_a_phase_agree_with_each_other(seed, load_w, instant_ns):
    state = Load(seed=seed, power_w=load_w).at(instant_ns)
    assert 49.9 < state.frequency_hz < 50.1
    for phase in state.phases:
        apparent_va = phase.apparent_power_va
        squares = phase.power_w**2 + phase.reactive_power_var**2
        assert apparent_va**2 == pytest.approx(squares, rel=1e-9, abs=1e-6)
        assert phase.power_w == pytest.approx(
            apparent_va * phase.power_factor, rel=1e-9, abs=1e-6
        )
        assert phase.power_w >= 0
        assert phase.current_a >= 0
        assert 200 < phase.voltage_v < 240


@given(seed=seeds, load_w=powers_w)
def test_the_load_ramps_up_to_what_was_asked_for(seed, load_w):
    load = Load(seed=seed, power_w=load_w)
    assert power_w(load.at(0)) == 0
    half = load.at(int(RAMP_S / 2 * SECOND_NS))
    assert power_w(half) == pytest.approx(load_w / 2, rel=0.06)
    full = load.at(int((RAMP_S + 1) * SECOND_NS))
    assert power_w(full) == pytest.approx(load_w, rel=0.03)


@given(seed=seeds)
def test_the_voltage_sags_under_the_load(seed):
    instant_ns = 60 * SECOND_NS
    idle = Load(seed=seed, power_w=0).at(instant_ns)
    busy = Load(seed=seed, power_w=22_000).at(instant_ns)
    for without, loaded in zip(idle.phases, busy.phases, strict=True):
        assert 1.5 < without.voltage_v - loaded.voltage_v < 4.5


@given(seed=seeds, earlier_ns=instants_ns, later_ns=instants_ns)
def test_counters_never_run_backwards(seed, earlier_ns, later_ns):
    load = Load(seed=seed, power_w=11_000)
    earlier, later = (
        load.at(min(earlier_ns, later_ns)),
        load.at(max(earlier_ns, later_ns)),
    )
    for before, after in zip(earlier.phases, later.phases, strict=True):
        assert after.energy_import_wh >= before.energy_import_wh
        assert after.energy_export_wh == before.energy_export_wh
        assert after.reactive_energy_import_varh >= before.reactive_energy_import_varh


@given(seed=seeds, instant_ns=instants_ns)
def test_the_same_seed_shows_the_same_whatever_was_asked_before(seed, instant_ns):
    asked, fresh = Load(seed=seed, power_w=7_400), Load(seed=seed, power_w=7_400)
    asked.at(instant_ns // 2)
    assert asked.at(instant_ns) == fresh.at(instant_ns)


def test_another_seed_is_another_car():
    one, other = Load(seed=1, power_w=11_000), Load(seed=2, power_w=11_000)
    assert one.at(60 * SECOND_NS) != other.at(60 * SECOND_NS)


def test_values_stand_still_within_a_window_and_move_with_the_next():
    load = Load(seed=1, power_w=11_000)
    assert load.at(100 * WINDOW_NS) == load.at(101 * WINDOW_NS - 1)
    assert load.at(100 * WINDOW_NS) != load.at(101 * WINDOW_NS)


def test_equal_currents_leave_little_for_the_neutral():
    state = Load(seed=1, power_w=11_000).at(60 * SECOND_NS)
    assert 0 < state.neutral_current_a < 0.2 * state.phases[0].current_a
    assert state.line_voltage_v(0, 1) == pytest.approx(395, abs=10)

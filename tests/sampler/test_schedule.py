# SPDX-License-Identifier: Apache-2.0
"""Turns: every meter gets its share of the ticks, and they are spread."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from ipc.config import MeterTable
from sampler.schedule import EVERY_TICK, Schedule, schedule
from sampler.timetable import LONGEST_CYCLE, Turn, timetable

SCHEDULES = st.builds(
    Schedule,
    every=st.integers(1, 12),
    energy_every=st.integers(1, 12),
    phase=st.integers(0, 31),
)


@given(SCHEDULES)
def test_a_meter_is_read_every_so_many_ticks_and_its_energies_with_some_of_them(turns):
    ticks = range(2 * turns.cycle)
    due = [tick for tick in ticks if turns.is_due(tick)]
    with_energy = [tick for tick in ticks if turns.has_energy(tick)]
    assert len(due) == 2 * turns.energy_every
    assert len(with_energy) == 2
    assert set(with_energy) <= set(due)
    assert {b - a for a, b in itertools.pairwise(due)} <= {turns.every}
    assert with_energy[1] - with_energy[0] == turns.cycle


def test_by_default_everything_is_read_with_every_tick():
    assert all(EVERY_TICK.is_due(t) and EVERY_TICK.has_energy(t) for t in range(10))


def test_the_meters_of_a_bus_take_turns():
    table = MeterTable(name="m", model="x", unit_id=1, module_id="pm", every=4)
    shifts = [schedule(table, index) for index in range(4)]
    for tick in range(12):
        assert sum(shift.is_due(tick) for shift in shifts) == 1


def turn(name="m", *, every=1, energy_every=1, phase=0, full_s=0.3, fast_s=0.1):
    turns = Schedule(every=every, energy_every=energy_every, phase=phase)
    return Turn(name=name, schedule=turns, full_s=full_s, fast_s=fast_s)


@given(
    st.lists(
        st.builds(
            turn,
            every=st.integers(1, 6),
            energy_every=st.integers(1, 4),
            phase=st.integers(0, 9),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_timetable_says_what_every_tick_carries(turns):
    laid_out = timetable(turns)
    assert laid_out.is_whole
    assert sum(row.ticks for row in laid_out.rows) == laid_out.cycle
    carried = [
        sum(read[1] for each in turns if (read := each.at(tick)))
        for tick in range(laid_out.cycle)
    ]
    assert laid_out.worst_s == max(carried)
    for row in laid_out.rows:
        assert carried.count(row.wire_s) >= row.ticks


def test_energies_that_are_read_in_turns_do_not_fall_on_one_tick():
    turns = [turn(str(index), energy_every=5, phase=index) for index in range(5)]
    laid_out = timetable(turns)
    assert round(laid_out.worst_s, 3) == 0.3 + 4 * 0.1
    assert [row.first for row in laid_out.rows] == [0, 1, 2, 3, 4]


def test_of_a_cycle_too_long_to_lay_out_the_worst_is_assumed():
    turns = [turn(every=every, energy_every=97) for every in (89, 83, 79)]
    laid_out = timetable(turns)
    assert laid_out.cycle > LONGEST_CYCLE
    assert not laid_out.is_whole
    assert round(laid_out.worst_s, 3) == 0.9

# SPDX-License-Identifier: Apache-2.0
"""Windows: aligned to the wall clock, every sample in one of them, none made up."""

import math
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import QUANTITIES, PhaseSequence, Quantity
from ipc.units import NS_PER_MS, NS_PER_S
from publisher.window import Aggregate, Window
from tests.fakes import sample_of

NOON_NS = 1_787_306_400 * NS_PER_S

POWERS = st.none() | st.floats(-1e6, 1e6)
ENERGIES = st.none() | st.integers(0, 2**53)
STEPS = st.sampled_from((0, 1, 100, 250, 999, 1000, 1001, 5000)) | st.integers(
    -10_000_000, 10_000_000
)
"""Milliseconds from one sample to the next; the wall clock may be set either way."""


def made(steps):
    """Make samples from (milliseconds since the last one, power, energy)."""
    wall_ns = NOON_NS
    for tick, (step_ms, power, energy) in enumerate(steps):
        wall_ns += step_ms * NS_PER_MS
        measured = {"power_w": power, "energy_import_mwh": energy}
        present = {name: value for name, value in measured.items() if value is not None}
        yield sample_of(tick=tick, wall_ns=wall_ns, **present)


def value(closed: Aggregate, quantity: Quantity) -> float:
    return closed.values[QUANTITIES.index(quantity)]


@given(
    steps=st.lists(st.tuples(STEPS, POWERS, ENERGIES), max_size=40),
    window_s=st.sampled_from((0.1, 1.0, 2.5, 10.0, 60.0)),
)
def test_every_sample_is_in_one_window_and_a_window_is_one_stretch_of_the_wall_clock(
    steps, window_s
):
    samples = list(made(steps))
    window = Window(window_s=window_s)
    closed = [done for sample in samples if (done := window.add(sample))]
    closed += [done for done in [window.close_by(NOON_NS + 10**18)] if done]

    length_ns = round(window_s * NS_PER_S)
    groups = groupby(samples, key=lambda sample: sample.wall_ns // length_ns)
    expected = [list(group) for _, group in groups]

    assert [done.samples for done in closed] == [len(group) for group in expected]
    for done, group in zip(closed, expected, strict=True):
        assert done.wall_ns == group[-1].wall_ns
        powers = [one.power_w for one in group if not math.isnan(one.power_w)]
        mean = sum(powers) / len(powers) if powers else math.nan
        assert value(done, Quantity.POWER_W) == pytest.approx(mean, nan_ok=True)
        energies = [
            one.energy_import_mwh for one in group if one.energy_import_mwh >= 0
        ]
        last = energies[-1] if energies else group[-1].energy_import_mwh
        assert value(done, Quantity.ENERGY_IMPORT_MWH) == last


@given(
    steps=st.lists(st.tuples(STEPS, POWERS, ENERGIES), min_size=1, max_size=20),
    looks=st.lists(st.integers(-(10**7), 10**7), max_size=20),
)
def test_however_often_it_is_closed_no_sample_is_given_twice(steps, looks):
    window = Window(window_s=1.0)
    given_back = []
    pauses = iter(looks)
    for sample in made(steps):
        given_back.append(window.add(sample))
        wall_ns = sample.wall_ns + next(pauses, 0) * NS_PER_MS
        given_back += [window.close_by(wall_ns), window.close_by(wall_ns)]
    given_back.append(window.close_by(NOON_NS + 10**18))
    assert sum(done.samples for done in given_back if done) == len(steps)


def test_a_window_without_a_sample_gives_nothing():
    window = Window(window_s=1.0)
    assert window.close_by(NOON_NS) is None
    assert window.close_by(NOON_NS + 10 * NS_PER_S) is None


def test_a_window_that_was_closed_is_empty():
    window = Window(window_s=1.0)
    window.add(sample_of(wall_ns=NOON_NS, power_w=5.0))
    assert window.close_by(NOON_NS + NS_PER_S) is not None
    assert window.close_by(NOON_NS + 2 * NS_PER_S) is None


def test_a_window_is_half_open():
    window = Window(window_s=1.0)
    assert window.add(sample_of(wall_ns=NOON_NS)) is None
    assert window.add(sample_of(wall_ns=NOON_NS + NS_PER_S - 1)) is None
    assert window.close_by(NOON_NS + NS_PER_S - 1) is None
    closed = window.add(sample_of(wall_ns=NOON_NS + NS_PER_S))
    assert closed is not None
    assert closed.samples == 2


@pytest.mark.parametrize("step_s", [-3600, -1, 1, 3600])
def test_a_clock_that_is_set_either_way_closes_the_window(step_s):
    window = Window(window_s=1.0)
    window.add(sample_of(wall_ns=NOON_NS, power_w=5.0))
    closed = window.close_by(NOON_NS + step_s * NS_PER_S)
    assert closed is not None
    assert value(closed, Quantity.POWER_W) == 5.0


def test_a_quantity_that_no_sample_had_stays_absent():
    window = Window(window_s=1.0)
    window.add(sample_of(wall_ns=NOON_NS, power_w=5.0))
    closed = window.close_by(NOON_NS + NS_PER_S)
    assert closed is not None
    present = [
        quantity
        for quantity, number in zip(QUANTITIES, closed.values, strict=True)
        if number == number and number != -(2**63)  # noqa: PLR0124 - NaN test
    ]
    assert present == [Quantity.POWER_W]


def test_an_energy_stays_the_integer_that_was_counted():
    window = Window(window_s=1.0)
    for counted in (2**62 + 1, 2**62 + 3):
        window.add(sample_of(wall_ns=NOON_NS, energy_import_mwh=counted))
    closed = window.close_by(NOON_NS + NS_PER_S)
    assert closed is not None
    assert value(closed, Quantity.ENERGY_IMPORT_MWH) == 2**62 + 3


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ([PhaseSequence.UNKNOWN], PhaseSequence.UNKNOWN),
        ([PhaseSequence.RIGHT, PhaseSequence.UNKNOWN], PhaseSequence.RIGHT),
        (
            [PhaseSequence.WRONG, PhaseSequence.RIGHT, PhaseSequence.UNKNOWN],
            PhaseSequence.WRONG,
        ),
    ],
)
def test_one_wrong_phase_sequence_is_told_and_does_not_outlive_the_window(seen, told):
    window = Window(window_s=1.0)
    for sequence in seen:
        window.add(sample_of(wall_ns=NOON_NS, phase_sequence=sequence))
    closed = window.add(sample_of(wall_ns=NOON_NS + NS_PER_S))
    assert closed is not None
    assert closed.phase_sequence == told
    after = window.close_by(NOON_NS + 2 * NS_PER_S)
    assert after is not None
    assert after.phase_sequence == PhaseSequence.UNKNOWN

# SPDX-License-Identifier: Apache-2.0
"""When to wake for an answer: early often enough to learn, else just in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.turnaround import LEARNED, PROBE_EVERY, REMEMBERED, Turnaround

GUARD_S = 0.0006
LATE_S = 0.0001


def meet(turnaround: Turnaround, comes_s: float) -> float:
    """Meet an answer as the port does, a little late; give when it was looked for."""
    looks_s = turnaround.expected_s - GUARD_S * turnaround.is_probe + LATE_S
    turnaround.answered(max(looks_s, comes_s), was_awaited=comes_s > looks_s)
    return looks_s


def test_of_a_meter_that_never_answered_nothing_is_expected_and_it_is_met_early():
    turnaround = Turnaround()
    assert turnaround.expected_s == 0
    assert turnaround.is_probe


def test_most_answers_are_met_when_they_are_due_and_one_in_a_few_early():
    turnaround = Turnaround()
    probes = []
    for _ in range(3 * PROBE_EVERY):
        probes.append(turnaround.is_probe)
        meet(turnaround, 0.004)
    assert sum(probes) == 3
    assert probes[::PROBE_EVERY] == [True] * 3


@pytest.mark.parametrize("turnaround_s", [0.0, 0.0013, 0.05])
def test_a_punctual_meter_is_expected_when_it_answers_for_ever(turnaround_s):
    """Our own lateness must not add up: that would cost the wire more every day."""
    turnaround = Turnaround()
    for _ in range(100 * REMEMBERED):
        meet(turnaround, turnaround_s)
    assert turnaround.expected_s == pytest.approx(turnaround_s)


def test_a_few_answers_are_enough_to_know_when_the_next_one_comes():
    turnaround = Turnaround()
    looks_s = [meet(turnaround, 0.004) for _ in range(LEARNED + 1)]
    assert looks_s[-1] == pytest.approx(0.004 + LATE_S)


def test_a_meter_that_became_faster_is_followed_from_the_next_early_look_on():
    turnaround = Turnaround()
    for comes_s in [0.01] * 40 + [0.002] * (PROBE_EVERY + LEARNED):
        meet(turnaround, comes_s)
    assert turnaround.expected_s == pytest.approx(0.002)


def test_a_meter_that_became_slower_is_followed_once_the_fast_ones_are_forgotten():
    turnaround = Turnaround()
    for comes_s in [0.002] * 40 + [0.01] * REMEMBERED:
        meet(turnaround, comes_s)
    assert turnaround.expected_s == pytest.approx(0.01)


@given(st.lists(st.floats(0, 0.05), min_size=1, max_size=300))
def test_it_never_expects_an_answer_later_than_the_slowest_that_came(answers):
    turnaround = Turnaround()
    for number, comes_s in enumerate(answers, start=1):
        meet(turnaround, comes_s)
        assert 0 <= turnaround.expected_s <= max(answers[:number]) + LATE_S

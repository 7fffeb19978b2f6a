# SPDX-License-Identifier: Apache-2.0
"""The order in which a line is searched, and how long that may take."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.config import Parity
from sampler.tools.line import LineSettings
from sampler.tools.search import (
    BAUDRATES,
    PARITIES,
    UNITS,
    Search,
    line_settings,
    silent_s,
    timeout_s,
)

ALL = line_settings(BAUDRATES, PARITIES, 1)


def test_the_likeliest_meters_are_looked_for_first():
    probes = list(Search(ALL, UNITS))
    assert [(str(it.settings), it.unit_id) for it in probes[:3]] == [
        ("9600 baud 8N1", 1),
        ("19200 baud 8E1", 1),
        ("9600 baud 8E1", 1),
    ]
    assert {probe.unit_id for probe in probes[: len(ALL)]} == {1}
    assert {probe.unit_id for probe in probes[: 10 * len(ALL)]} == set(range(1, 11))
    assert len(probes) == 247 * len(ALL)


def test_settings_without_a_rank_keep_the_order_they_were_asked_for():
    asked = line_settings([2400, 57600, 9600], [Parity.ODD], 2)
    assert [probe.settings.baudrate for probe in Search(asked, [1])] == [
        2400,
        57600,
        9600,
    ]


def test_a_find_moves_its_setting_to_the_front():
    search = Search(ALL, UNITS)
    even = LineSettings(baudrate=4800, parity=Parity.EVEN)
    for probe in search:
        if probe.settings == even:
            search.prefer(even)
            break
    rest = list(search)
    assert [probe.unit_id for probe in rest[:246]] == list(range(2, 248))
    assert {probe.settings for probe in rest[:246]} == {even}
    assert rest[246].settings != even


@given(
    units=st.lists(st.integers(1, 247), unique=True),
    steps=st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from(ALL), st.booleans()), max_size=5
    ),
)
def test_no_probe_is_lost_or_given_twice_whatever_is_found(units, steps):
    search = Search(ALL, units)
    given_, left_out = [], set()
    probes = iter(search)
    for count, settings, is_refused in steps:
        given_ += [probe for _, probe in zip(range(count), probes, strict=False)]
        if is_refused:
            search.leave_out(settings)
            left_out.add(settings)
        else:
            search.prefer(settings)
    given_ += probes
    pairs = [(probe.settings, probe.unit_id) for probe in given_]
    every = {(settings, unit_id) for settings in ALL for unit_id in units}
    assert len(set(pairs)) == len(pairs)
    assert every - set(pairs) <= {pair for pair in every if pair[0] in left_out}
    assert search.done == search.total


def test_the_estimate_is_what_silence_costs():
    slow, fast = LineSettings(baudrate=1200), LineSettings(baudrate=115200)
    search = Search([slow, fast], UNITS)
    quick_s = sum(silent_s(each, patient=False) for each in (slow, fast))
    patient_s = sum(silent_s(each, patient=True) for each in (slow, fast))
    assert search.expected_s == pytest.approx(244 * quick_s + 3 * patient_s)


def test_the_last_probe_before_another_setting_is_a_patient_one():
    probes = list(Search(ALL, range(1, 12)))
    for probe, following in itertools.pairwise(probes):
        assert probe.patient == (following.settings != probe.settings)
    assert probes[-1].patient


def test_a_slow_line_gets_more_time_for_the_same_answer():
    slow, fast = LineSettings(baudrate=1200), LineSettings(baudrate=115200)
    answer_s = 9 * 10 / 1200  # nine characters of ten bits
    assert timeout_s(slow, patient=False) - timeout_s(
        fast, patient=False
    ) == pytest.approx(answer_s, rel=0.02)

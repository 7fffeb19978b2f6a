# SPDX-License-Identifier: Apache-2.0
"""What an electrician is told to check."""

import pytest

from ipc.status import MeterCounts
from ipc.watch.advice import hints
from tests.ipc.watch.reports import VALUES, bus, meter, newest, sampler_status


def of(good=1000, *, others=0, **faults):
    """Give what is said of a meter, beside one with so many good samples."""
    ours = MeterCounts(meter="charger-1", planned_s=0, good=good, faults=faults)
    theirs = MeterCounts(meter="grid", planned_s=0, good=others)
    status = sampler_status(meters=[ours, theirs])
    return " / ".join(hints(bus(status=status), meter()))


def of_values(**changes):
    return hints(bus(status=None), meter(newest=newest(**changes)))


def test_a_meter_that_is_well_needs_no_advice():
    assert of() == ""
    assert of(good=100_000, timeout=1, garbled=1) == ""
    assert hints(bus(status=None), meter(newest=None)) == []


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"good": 0, "timeout": 20}, "A/B swapped"),
        ({"good": 0, "garbled": 20}, "baudrate and parity"),
        ({"good": 0, "garbled": 20, "timeout": 3}, "baudrate and parity"),
        ({"good": 0, "timeout": 20, "others": 5}, "but others answer: its unit_id"),
        ({"good": 0, "garbled": 20, "others": 5}, "two of one unit_id"),
        ({"garbled": 20}, "termination"),
        ({"timeout": 20}, "contacts"),
        ({"refused": 1}, "`model`"),
    ],
)
def test_faults_point_to_their_usual_cause(counts, told):
    assert told in of(**counts)


def test_a_meter_that_has_answered_is_not_said_to_have_never_answered():
    assert "never" not in of(good=1, timeout=500, garbled=500)


def test_a_meter_that_was_never_tried_is_no_case_of_wrong_wiring():
    assert of(good=0) == ""
    assert of(good=0, no_port=100) == ""


def test_the_values_are_looked_at_too():
    wrong = VALUES | {"voltage_l3_v": 1.0}
    assert any("L3 has no voltage" in hint for hint in of_values(values=wrong))


def test_a_wrong_phase_sequence_is_told_and_an_unknown_one_is_not():
    for known, count in ((False, 1), (True, 0), (None, 0)):
        assert len(of_values(phase_sequence=known)) == count

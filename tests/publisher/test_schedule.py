# SPDX-License-Identifier: Apache-2.0
"""When the publisher wakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.units import NS_PER_S
from publisher.schedule import GRACE_NS, Periodic, window_due_ns

INSTANTS = st.integers(0, 2**62)
LENGTHS = st.sampled_from((0.1, 0.25, 1.0, 2.5, 10.0, 60.0)) | st.floats(0.1, 60)


@given(mono_ns=INSTANTS, wall_ns=INSTANTS, window_s=LENGTHS)
def test_a_window_is_due_a_grace_after_its_end_on_the_wall_clock(
    mono_ns, wall_ns, window_s
):
    due_ns = window_due_ns(mono_ns=mono_ns, wall_ns=wall_ns, window_s=window_s)
    length_ns = round(window_s * NS_PER_S)
    assert mono_ns < due_ns <= mono_ns + length_ns
    wall_then_ns = wall_ns + due_ns - mono_ns
    assert (wall_then_ns - GRACE_NS) % length_ns == 0


@given(
    first_ns=INSTANTS,
    period_s=st.floats(0.1, 60),
    pauses=st.lists(st.integers(0, 300 * NS_PER_S), max_size=30),
)
def test_a_period_is_taken_once_on_its_grid_and_never_made_up_for(
    first_ns, period_s, pauses
):
    periodic = Periodic(first_ns=first_ns, period_s=period_s)
    period_ns = round(period_s * NS_PER_S)
    now_ns = first_ns
    for pause_ns in pauses:
        now_ns += pause_ns
        was_due = now_ns >= periodic.due_ns
        assert periodic.take(now_ns) == was_due
        assert not periodic.take(now_ns)
        assert now_ns < periodic.due_ns <= now_ns + period_ns or not was_due
        assert (periodic.due_ns - first_ns) % period_ns == 0


@pytest.mark.parametrize("early_ns", [1, NS_PER_S])
def test_before_its_time_it_is_not_due(early_ns):
    periodic = Periodic(first_ns=10 * NS_PER_S, period_s=1.0)
    assert not periodic.take(10 * NS_PER_S - early_ns)
    assert periodic.due_ns == 10 * NS_PER_S


@given(first_ns=INSTANTS, now_ns=INSTANTS, period_s=st.floats(0.2, 60))
def test_a_new_period_is_kept_from_now_on(first_ns, now_ns, period_s):
    periodic = Periodic(first_ns=first_ns, period_s=60)
    periodic.set_period(period_s, now_ns)
    period_ns = round(period_s * NS_PER_S)
    assert periodic.due_ns == min(first_ns, now_ns + period_ns)
    periodic.take(max(now_ns, periodic.due_ns))
    assert periodic.due_ns <= max(now_ns, periodic.due_ns) + period_ns
    before_ns = periodic.due_ns
    assert periodic.take(before_ns)
    assert periodic.due_ns == before_ns + period_ns

# SPDX-License-Identifier: Apache-2.0
"""Durations in classes."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ipc.histogram import Histogram

BOUNDS = (0.001, 0.01, 0.1)
durations = st.lists(st.floats(0, 1), max_size=50)


def of(seen):
    made = Histogram.of(*BOUNDS)
    for duration_s in seen:
        made.observe(duration_s)
    return made


@given(durations)
def test_every_duration_is_in_one_class_and_a_bound_belongs_to_its_class(seen):
    made = of(seen)
    assert made.total == len(seen)
    for index, bound in enumerate(BOUNDS):
        below = sum(duration_s <= bound for duration_s in seen)
        assert sum(made.counts[: index + 1]) == below


@given(durations.filter(len), st.floats(0.01, 1))
def test_the_bound_of_a_share_is_the_least_that_so_many_did_not_exceed(seen, share):
    bound = of(seen).bound_of(share)

    def share_of(limit):
        return sum(duration_s <= limit for duration_s in seen)

    reached = [each for each in BOUNDS if share_of(each) >= share * len(seen)]
    assert bound == (reached[0] if reached else None)


def test_of_nothing_there_is_no_bound():
    assert of([]).bound_of(0.5) is None


def test_it_is_the_same_after_a_journey_as_json():
    made = of([0.002, 5])
    assert msgspec.json.decode(msgspec.json.encode(made), type=Histogram) == made

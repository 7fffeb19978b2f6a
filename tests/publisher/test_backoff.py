# SPDX-License-Identifier: Apache-2.0
"""The waits between attempts to reach the broker."""

import random

from hypothesis import given
from hypothesis import strategies as st

from publisher.backoff import LONGEST_S, SHORTEST_S, Backoff


@given(st.integers(), st.integers(1, 40))
def test_the_waits_double_up_to_a_bound_with_jitter_only_downwards(seed, attempts):
    backoff = Backoff(random.Random(seed))
    for attempt in range(attempts):
        full_s = min(SHORTEST_S * 2**attempt, LONGEST_S)
        assert full_s / 2 <= backoff.next_s() <= full_s


def test_after_a_reset_the_first_wait_is_short_again():
    backoff = Backoff(random.Random(1))
    for _ in range(10):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() <= SHORTEST_S


def test_two_chargers_do_not_knock_in_step():
    first, second = Backoff(random.Random(1)), Backoff(random.Random(2))
    assert [first.next_s() for _ in range(8)] != [second.next_s() for _ in range(8)]

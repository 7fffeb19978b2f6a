# SPDX-License-Identifier: Apache-2.0
"""A silent meter is asked at once, then ever more seldom, and never forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from ipc.units import NS_PER_S
from sampler.patience import EAGER, Patience


def waits_s(patience: Patience, failures: int) -> list[float]:
    now_ns, waits = 1_000 * NS_PER_S, []
    for _ in range(failures):
        patience.failed(now_ns)
        waits.append(max(0, patience.due_ns - now_ns) / NS_PER_S)
        now_ns += NS_PER_S
    return waits


def test_the_waits_double_up_to_the_longest():
    assert waits_s(Patience(), 9) == [0, 0, 0.5, 1, 2, 4, 5, 5, 5]
    assert waits_s(Patience(longest_wait_s=1.0), 6) == [0, 0, 0.5, 1, 1, 1]


def test_an_answer_ends_all_waiting():
    patience = Patience()
    waits_s(patience, 9)
    patience.answered()
    assert (patience.failures, patience.due_ns) == (0, 0)
    assert waits_s(patience, EAGER) == [0] * EAGER


@given(st.integers(1, 5000), st.integers(1, 60))
def test_no_wait_is_longer_than_the_longest_however_long_it_lasts(failures, longest_s):
    assert max(waits_s(Patience(longest_wait_s=longest_s), failures)) <= longest_s

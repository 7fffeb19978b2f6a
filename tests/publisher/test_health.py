# SPDX-License-Identifier: Apache-2.0
"""What must hold before EVerest is told that all is well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.health import judge

AGES = st.none() | st.floats(0, 100)


@given(st.booleans(), AGES, st.floats(0.2, 60))
def test_it_is_good_only_with_a_live_sampler_and_a_fresh_good_sample(
    writer_runs, age_s, fresh_s
):
    health = judge(writer_runs=writer_runs, newest_good_age_s=age_s, fresh_s=fresh_s)
    expected = writer_runs and age_s is not None and age_s <= fresh_s
    assert health.is_good == expected
    assert health.is_good == (health.reason == "")


@pytest.mark.parametrize(
    ("writer_runs", "age_s", "reason"),
    [
        (False, 0.0, "sampler is not running"),
        (True, None, "no good sample yet"),
        (True, 3.1, "newest good sample is older than 3 s"),
    ],
)
def test_the_reason_says_which_link_of_the_chain_is_broken(writer_runs, age_s, reason):
    health = judge(writer_runs=writer_runs, newest_good_age_s=age_s, fresh_s=3.0)
    assert health.reason == reason


def test_a_chain_that_was_lost_is_not_good_before_it_has_recovered():
    health = judge(
        writer_runs=True, newest_good_age_s=0.0, fresh_s=3.0, is_recovering=True
    )
    assert health.reason == "recovering: not 3 good in a row yet"

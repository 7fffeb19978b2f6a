# SPDX-License-Identifier: Apache-2.0
"""A meter's samples: good and fresh ones count, everything else is a hole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import Quality
from ipc.units import NS_PER_S
from tests.fakes import sample_of
from tests.publisher.parts import meter_of

NOW_NS = 1000 * NS_PER_S
WALL_NS = 1_787_306_400 * NS_PER_S
AFTER_NS = WALL_NS + 3600 * NS_PER_S

BAD = [
    *(Quality.TIMEOUT, Quality.GARBLED, Quality.REFUSED, Quality.NO_PORT),
    *(Quality.IMPLAUSIBLE, Quality.TIMEOUT | Quality.NO_PORT, Quality(1 << 15)),
]


def is_healthy(meter, now_ns: int) -> bool:
    return meter.health(writer_runs=True, now_ns=now_ns).is_good


@pytest.mark.parametrize("quality", BAD, ids=repr)
def test_a_sample_that_is_not_good_is_neither_value_nor_health(quality):
    meter = meter_of()
    bad = sample_of(quality=quality, mono_ns=NOW_NS, energy_import_mwh=1)
    assert meter.add(bad, now_ns=NOW_NS) is None
    assert meter.close_by(AFTER_NS) == []
    assert not is_healthy(meter, NOW_NS)


@pytest.mark.parametrize("age_s", [3.001, 60, 86_400, -3.001, -86_400])
def test_a_sample_that_is_not_fresh_is_neither_value_nor_health(age_s):
    """Left in a ring by a sampler that died, or from before a restart of the machine."""
    meter = meter_of(fresh_s=3.0)
    stale = sample_of(mono_ns=NOW_NS - round(age_s * NS_PER_S), energy_import_mwh=1)
    assert meter.add(stale, now_ns=NOW_NS) is None
    assert meter.close_by(AFTER_NS) == []
    assert not is_healthy(meter, NOW_NS)


@pytest.mark.parametrize("age_s", [3.0, 0.0, -0.1])
def test_a_fresh_good_sample_is_both(age_s):
    meter = meter_of(fresh_s=3.0)
    sample = sample_of(mono_ns=NOW_NS - round(age_s * NS_PER_S), energy_import_mwh=1)
    assert meter.add(sample, now_ns=NOW_NS) == []
    assert is_healthy(meter, NOW_NS)
    [closed] = meter.close_by(AFTER_NS)
    assert closed.samples == 1


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 10 * NS_PER_S)), min_size=1, max_size=30
    )
)
def test_health_ends_with_the_age_of_the_newest_good_sample(samples):
    """Samples come in order, each fresh; a bad one never prolongs the health."""
    for more_ns in (0, 3 * NS_PER_S, 3 * NS_PER_S + 1):
        meter, now_ns, newest_good_ns = meter_of(fresh_s=3.0), NOW_NS, None
        for is_good, pause_ns in samples:
            now_ns += pause_ns
            quality = Quality.GOOD if is_good else Quality.TIMEOUT
            meter.add(sample_of(quality=quality, mono_ns=now_ns), now_ns=now_ns)
            newest_good_ns = now_ns if is_good else newest_good_ns
        at_ns = now_ns + more_ns
        expected = newest_good_ns is not None and at_ns - newest_good_ns <= 3 * NS_PER_S
        assert is_healthy(meter, at_ns) == expected


def healths(answers: str) -> str:
    """Tell the health after each second's sample: + good, - bad."""
    meter, told = meter_of(fresh_s=2.5), ""
    for second, answer in enumerate(answers):
        now_ns = NOW_NS + second * NS_PER_S
        quality = Quality.GOOD if answer == "+" else Quality.TIMEOUT
        meter.add(sample_of(quality=quality, mono_ns=now_ns), now_ns=now_ns)
        told += "+" if is_healthy(meter, now_ns) else "-"
    return told


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ("+++", "+++"),
        ("--+", "--+"),  # at the start the first one counts
        ("+-+-+--+", "++++++++"),  # fewer are missed than fresh_s bears
        ("+---++++", "+++---++"),
        ("+---+-++-+++", "+++--------+"),  # now and then is not well
    ],
)
def test_a_missed_sample_does_not_flicker_and_a_loss_takes_three_to_end(answers, told):
    assert healths(answers) == told


def test_without_a_running_sampler_there_is_no_health():
    meter = meter_of()
    meter.add(sample_of(mono_ns=NOW_NS), now_ns=NOW_NS)
    assert not meter.health(writer_runs=False, now_ns=NOW_NS).is_good


def test_a_meter_whose_requests_cannot_be_served_is_not_well():
    meter = meter_of()
    meter.add(sample_of(mono_ns=NOW_NS), now_ns=NOW_NS)
    health = meter.health(writer_runs=True, now_ns=NOW_NS, trouble="the disk is full")
    assert health.reason == "the disk is full"

# SPDX-License-Identifier: Apache-2.0
"""When a sample is given out: each once, in order, with a value it really had."""

import math

from hypothesis import given
from hypothesis import strategies as st

from ipc.config import PublishTable, WindowValue
from ipc.units import NS_PER_MS, NS_PER_S
from publisher.cadence import Cadence
from publisher.window import POWER_INDEX
from tests.fakes import sample_of

NOON_NS = 1_787_306_400 * NS_PER_S
AFTER_NS = NOON_NS + 86_400 * NS_PER_S
ENERGY_INDEX = -8


def made(steps):
    """Make samples from (milliseconds since the last one, power), energy a count."""
    wall_ns = NOON_NS
    for number, (step_ms, power_w) in enumerate(steps):
        wall_ns += step_ms * NS_PER_MS
        yield sample_of(wall_ns=wall_ns, power_w=power_w, energy_import_mwh=number)


STEPS = st.lists(
    st.tuples(
        st.sampled_from((1, 100, 999, 1000, 5000)),
        st.sampled_from((0.0, 1.0, 10.0, 11.0, 1e6, math.nan)),
    ),
    max_size=40,
)
TABLES = st.builds(
    PublishTable,
    window_value=st.sampled_from(WindowValue),
    every_sample=st.booleans(),
    early_power_change_w=st.none() | st.sampled_from((0.5, 5.0, 1e9)),
)


@given(steps=STEPS, table=TABLES)
def test_every_sample_is_in_one_message_and_messages_are_in_order(steps, table):
    cadence, samples = Cadence(table), list(made(steps))
    told = [one for sample in samples for one in cadence.add(sample)]
    told += cadence.close_by(AFTER_NS)
    assert sum(one.samples for one in told) == len(samples)
    ends = [one.values[ENERGY_INDEX] for one in told]
    assert ends == sorted(set(ends))
    for one in told:
        last = samples[one.values[ENERGY_INDEX]]
        assert one.wall_ns == last.wall_ns


@given(steps=STEPS, early_w=st.sampled_from((0.5, 5.0, 1e9)))
def test_after_each_sample_everest_knows_its_power_to_the_threshold(steps, early_w):
    """Once it knows any: the power last told, and the sample's, are not far apart."""
    cadence, told_w = Cadence(PublishTable(early_power_change_w=early_w)), math.nan
    for sample in made(steps):
        before_w = told_w
        for one in cadence.add(sample):
            power_w = one.values[POWER_INDEX]
            told_w = told_w if math.isnan(power_w) else power_w
        if not math.isnan(sample.power_w) and not math.isnan(before_w):
            is_told = told_w == sample.power_w
            was_near = abs(sample.power_w - before_w) <= early_w
            assert is_told or was_near


def test_before_anything_was_told_no_change_is_early():
    cadence = Cadence(PublishTable(early_power_change_w=1.0))
    samples = made([(1, 0.0), (1, 1e6)])
    assert [cadence.add(sample) for sample in samples] == [[], []]

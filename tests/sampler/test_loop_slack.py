# SPDX-License-Identifier: Apache-2.0
"""The loop gives the time between two ticks to who can use it, and keeps the ticks."""

import pytest

from ipc.units import NS_PER_S
from tests.sampler.loops import benches


@pytest.fixture
def bench():
    with benches() as make:
        yield make


class Worker:
    """Takes all the time it is given, and may take more."""

    def __init__(self, clock):
        self.clock, self.used, self.too_long_s = clock, [], 0.0

    def use(self, until_ns, *, deadline_ns):
        self.used.append((self.clock.mono_ns, until_ns, deadline_ns))
        self.clock.mono_ns = until_ns
        self.clock.advance(self.too_long_s)


def test_the_time_between_two_ticks_is_given_to_who_can_use_it(bench):
    case = bench(rate_hz=2)
    worker = case.loop._slack = Worker(case.clock)
    samples = case.step(4)[1]
    assert [sample.lateness_us for sample in samples] == [0] * 4
    assert len(worker.used) == 3  # the first tick was due at once
    for begin_ns, until_ns, deadline_ns in worker.used:
        assert begin_ns < until_ns == deadline_ns


def test_a_long_slack_is_given_in_parts_so_that_the_writer_is_seen_to_live(bench):
    case = bench(rate_hz=0.25)
    worker = case.loop._slack = Worker(case.clock)
    case.step(2)
    assert all(until - begin <= NS_PER_S for begin, until, _ in worker.used)
    assert {deadline for _, _, deadline in worker.used} == {4 * NS_PER_S}
    assert case.ring.beats >= 4


def test_who_uses_too_much_of_it_makes_the_tick_late_and_not_missed(bench):
    case = bench(rate_hz=2)
    worker = case.loop._slack = Worker(case.clock)
    worker.too_long_s = 0.2
    sample = case.step(3)[1][-1]
    assert (sample.tick, sample.overruns) == (2, 0)
    assert sample.lateness_us == pytest.approx(200_000, abs=5)

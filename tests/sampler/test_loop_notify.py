# SPDX-License-Identifier: Apache-2.0
"""What a service manager hears of the sampler's loop, and when."""

import contextlib
from itertools import pairwise

import pytest

from ipc.notify import Notify
from ipc.units import NS_PER_S
from tests.ipc.test_notify import Manager
from tests.sampler.loops import Bench

WATCHED = {"WATCHDOG_USEC": "10000000"}


@pytest.fixture
def manager(tmp_path):
    with contextlib.closing(Manager(str(tmp_path / "notify"))) as manager:
        yield manager


@pytest.fixture
def bench(manager):
    """Give a function that makes a bench whose loop is heard."""
    with contextlib.ExitStack() as closing:

        def make(*arguments, **options):
            bench = Bench(*arguments, **options)
            closing.callback(bench.stop.close)
            notify = Notify(manager.environment | WATCHED, clock=bench.clock)
            closing.callback(notify.close)
            bench.loop._notify = notify
            return bench

        yield make


def statuses(manager):
    said = [message.split("\n") for message in manager.heard()]
    return [lines[1] for lines in said if lines[0] == "READY=1"]


def test_it_is_ready_with_its_first_good_sample(bench, manager):
    bench().step()
    assert statuses(manager) == ["STATUS=sampling"]


def test_it_is_ready_with_its_first_failure_and_names_who_fails(bench, manager):
    bench = bench(3)
    bench.dead = {1, 3}
    bench.step()
    assert statuses(manager) == ["STATUS=failing: m1, m3"]
    bench.dead = {1}
    bench.step(3)
    assert statuses(manager) == ["STATUS=failing: m1"]


def test_a_wait_of_minutes_for_a_tick_is_no_silence(bench, manager):
    bench = bench(rate_hz=0.005)
    bench.step()
    manager.heard()
    heard_s = []
    wait = bench.clock.wait_until

    def wait_and_hear(deadline_ns):  # a socket's queue holds no more than ten
        wait(deadline_ns)
        heard_s.extend(bench.clock.mono_ns / NS_PER_S for _ in manager.heard())

    bench.clock.wait_until = wait_and_hear
    bench.step()
    assert bench.clock.mono_ns >= 200 * NS_PER_S
    assert max(b - a for a, b in pairwise([0, *heard_s, 200])) <= 5


def test_a_reading_that_hangs_is_silence(bench, manager):
    bench = bench()
    bench.step()
    manager.heard()
    bench.bus.read_s = 60
    bench.step()
    assert manager.heard().count("WATCHDOG=1") <= 1


def test_the_end_is_said_before_it_comes(bench, manager):
    bench = bench()
    bench.stop.request()
    bench.loop.run()
    assert manager.heard() == ["STOPPING=1\nSTATUS=stopping"]

# SPDX-License-Identifier: Apache-2.0
"""What a service manager hears of the publisher's loop, and when."""

import contextlib
from itertools import pairwise

import pytest

from ipc.notify import Notify
from ipc.units import NS_PER_S
from tests.ipc.test_notify import Manager
from tests.publisher.world import World

WATCHED = {"WATCHDOG_USEC": "10000000"}


@pytest.fixture
def manager(tmp_path):
    with contextlib.closing(Manager(str(tmp_path / "notify"))) as manager:
        yield manager


@pytest.fixture
def world(manager):
    """Give a function that makes a world whose loop is heard."""
    with contextlib.ExitStack() as closing:

        def make(**options):
            world = World(**options)
            closing.callback(world.stop.close)
            notify = Notify(manager.environment | WATCHED, clock=world.clock)
            closing.callback(notify.close)
            world.loop._notify = notify
            return world

        yield make


def statuses(manager):
    said = [message.split("\n") for message in manager.heard()]
    return [lines[1] for lines in said if lines[0] == "READY=1"]


def test_it_is_ready_when_it_is_connected(world, manager):
    world().run(1)
    assert statuses(manager) == ["STATUS=connected"]


def test_it_is_ready_while_it_waits_and_tells_each_change(world, manager):
    world = world()
    world.broker.connected = False
    world.run(1)
    assert statuses(manager) == ["STATUS=waiting for the broker"]
    for connected in (True, False):
        world.broker.connected = connected
        world.run(1)
    assert statuses(manager) == ["STATUS=connected", "STATUS=waiting for the broker"]


def test_long_windows_and_a_silent_sampler_are_no_silence(world, manager):
    world = world(window_s=60.0, check_period_s=60.0, fresh_s=60.0)
    world.quality = None
    start_ns = world.clock.mono_ns
    heard_s = [0.0]
    while heard_s[-1] < 100:
        world.loop.step()
        now_s = (world.clock.mono_ns - start_ns) / NS_PER_S
        heard_s.extend(now_s for said in manager.heard() if said == "WATCHDOG=1")
    assert max(b - a for a, b in pairwise(heard_s)) <= 2.6


def test_a_broker_that_blocks_us_is_silence(world, manager):
    world = world()
    world.run(1)
    manager.heard()
    world.broker.service = lambda _events: world.clock.advance(60)
    world.loop.step()
    assert manager.heard().count("WATCHDOG=1") == 1, "only when it was through"


def test_the_end_is_said_before_it_comes(world, manager):
    world = world()
    world.stop.request()
    world.loop.run()
    assert manager.heard() == ["STOPPING=1\nSTATUS=stopping"]

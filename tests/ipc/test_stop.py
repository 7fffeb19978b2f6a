# SPDX-License-Identifier: Apache-2.0
"""A stop: once asked for, everything that waits ends."""

import os
import select
import signal
import subprocess
import sys

import pytest

from ipc.clock import NS_PER_S, SystemClock
from ipc.stop import Stop, StopRequested


@pytest.fixture
def stop():
    stop = Stop()
    yield stop
    stop.close()


def test_a_request_makes_the_descriptor_readable_and_stays(stop):
    assert not stop.requested
    assert select.select([stop], [], [], 0)[0] == []
    stop.request()
    stop.request()
    assert stop.requested
    assert select.select([stop], [], [], 0)[0] == [stop]


def test_a_wait_ends_at_its_deadline(stop):
    clock = SystemClock(stop)
    deadline_ns = clock.monotonic_ns() + NS_PER_S // 100
    clock.wait_until(deadline_ns)
    assert clock.monotonic_ns() >= deadline_ns


def test_a_long_wait_is_not_short(stop):
    clock = SystemClock(stop)
    deadline_ns = clock.monotonic_ns() + NS_PER_S // 10
    clock.wait_until(deadline_ns)
    assert clock.monotonic_ns() >= deadline_ns


def test_a_wait_does_not_begin_after_a_stop(stop):
    stop.request()
    clock = SystemClock(stop)
    clock.wait_until(clock.monotonic_ns() + 3600 * NS_PER_S)


def test_inside_interrupting_a_stop_raises(stop):
    stop.request()
    with pytest.raises(StopRequested), stop.interrupting():
        pytest.fail("the block must not begin")


def test_a_signal_breaks_a_blocking_call_inside_interrupting_and_only_there():
    """In a process of its own: signal handlers are the process's."""
    program = """
import os, signal, sys
from ipc.stop import Stop, StopRequested
stop = Stop.on_signals()
reader, writer = os.pipe()
print("ready", flush=True)
try:
    with stop.interrupting():
        os.read(reader, 1)
except StopRequested:
    os.kill(os.getpid(), signal.SIGTERM)  # outside: no more than a flag
    sys.exit(7 if stop.requested else 8)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGINT)
        assert process.wait() == 7

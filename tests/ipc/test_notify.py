# SPDX-License-Identifier: Apache-2.0
"""What a service manager hears, and that none is missed where there is none."""

import os
import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.parts import ROOT
from ipc.notify import NEVER_NS, Notify
from ipc.units import NS_PER_MS, NS_PER_S
from tests.fakes import FakeClock

WATCHED = {"WATCHDOG_USEC": "8000000"}


class Manager:
    """The other end: a datagram socket that keeps what it hears."""

    def __init__(self, name):
        self.environment = {"NOTIFY_SOCKET": name.replace("\0", "@")}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(name)
        self._socket.setblocking(False)

    def heard(self):
        """Give what came since the last call."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def close(self):
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    path = str(tmp_path / "notify")
    manager = Manager(path if request.param == "file" else f"\0{path}")
    yield manager
    manager.close()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def notify(manager, clock):
    notify = Notify(manager.environment | WATCHED, clock=clock)
    yield notify
    notify.close()


def test_readiness_comes_with_what_we_do(manager, notify):
    notify.ready("no meter fails")
    assert manager.heard() == ["READY=1\nSTATUS=no meter fails"]


def test_what_we_do_is_told_only_when_it_changes(manager, notify):
    for status in ("good", "good", "bad", "bad", "good"):
        notify.ready(status)
    statuses = [message.partition("STATUS=")[2] for message in manager.heard()]
    assert statuses == ["good", "bad", "good"]


def test_life_is_told_at_once_and_then_four_times_a_period(manager, notify, clock):
    for _ in range(80):
        notify.alive()
        clock.advance(0.1)
    assert manager.heard() == ["WATCHDOG=1"] * 4


def test_a_loop_that_waits_until_due_is_heard_in_time(manager, notify, clock):
    for _ in range(10):
        clock.mono_ns = notify.due_ns
        notify.alive()
    assert manager.heard() == ["WATCHDOG=1"] * 10
    assert clock.mono_ns == 9 * 2 * NS_PER_S


def test_the_end_is_told(manager, notify):
    notify.ready("good")
    manager.heard()
    notify.stopping()
    assert manager.heard() == ["STOPPING=1\nSTATUS=stopping"]


def test_after_the_close_nothing_is_said_and_a_second_close_is_harmless(
    manager, notify
):
    notify.close()
    notify.close()
    notify.ready("good")
    notify.alive()
    notify.stopping()
    assert manager.heard() == []


def test_a_manager_that_is_gone_harms_nobody(manager, notify, clock):
    manager.close()
    notify.ready("good")
    notify.alive()
    notify.stopping()
    assert notify.due_ns > clock.mono_ns, "a loop that waits for it would spin"


def test_a_manager_that_does_not_read_never_blocks_us(manager, notify):
    """The queue of a socket is finite; what is not taken must not stop the loop."""
    for number in range(2000):
        notify.ready(f"{number}")
    assert 0 < len(manager.heard()) < 2000
    notify.ready("1999")
    assert manager.heard() == ["READY=1\nSTATUS=1999"], "it was not taken: said again"


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "0"}])
def test_without_a_watchdog_no_life_is_told(manager, clock, more):
    notify = Notify(manager.environment | more, clock=clock)
    notify.alive()
    assert manager.heard() == []
    assert notify.due_ns == NEVER_NS
    notify.close()


def test_a_watchdog_of_another_process_is_not_ours(manager, clock):
    other = {"WATCHDOG_PID": str(os.getpid() + 1)}
    notify = Notify(manager.environment | WATCHED | other, clock=clock)
    assert notify.due_ns == NEVER_NS
    notify.close()


def test_a_watchdog_of_this_process_is(manager, clock):
    own = {"WATCHDOG_PID": str(os.getpid())}
    notify = Notify(manager.environment | WATCHED | own, clock=clock)
    notify.alive()
    assert manager.heard() == ["WATCHDOG=1"]
    notify.close()


@given(text=st.text() | st.integers().map(str))
def test_whatever_the_environment_says_it_neither_fails_nor_spins(text):
    clock = FakeClock()
    environment = {"NOTIFY_SOCKET": "@nobody-listens-here", "WATCHDOG_USEC": text}
    notify = Notify(environment, clock=clock)
    notify.alive()
    assert notify.due_ns >= clock.mono_ns + 10 * NS_PER_MS
    notify.close()


@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_whatever_the_socket_is_called_it_does_not_fail(name):
    notify = Notify({"NOTIFY_SOCKET": f"/nowhere/{name}"}, clock=FakeClock())
    notify.ready("good")
    notify.close()


@pytest.mark.slow
def test_where_nobody_listens_it_costs_no_import_of_socket():
    program = """
import sys
from ipc.notify import Notify
class Clock:
    monotonic_ns = staticmethod(lambda: 0)
notify = Notify({}, clock=Clock())
notify.ready("good"); notify.alive(); notify.stopping(); notify.close()
sys.exit("socket" in sys.modules)
"""
    # env: what measures coverage would import it.
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={}, check=True)

# SPDX-License-Identifier: Apache-2.0
"""What systemd would hear of both real processes, on a socket like systemd's."""

import contextlib
import os
import signal
import socket
import struct
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

PATIENCE_S = 20.0
WATCHDOG_S = 0.4
UCRED = struct.Struct("3i")


class Manager:
    """A service manager's end: what it hears, and of whom, as the kernel says."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(str(path))

    def next(self, within_s=PATIENCE_S):
        """Give the next message as a dict with its sender's pid; None: silence."""
        self._socket.settimeout(within_s)
        try:
            data, [(_, _, credentials)], *_ = self._socket.recvmsg(4096, 64)
        except TimeoutError:
            return None
        said = dict(line.split("=", 1) for line in data.decode().split("\n"))
        return said | {"pid": UCRED.unpack(credentials)[0]}

    def wait_for(self, **wanted):
        """Give the first message that says this; fail if nothing more comes."""
        while (said := self.next()) is not None:
            if wanted.items() <= said.items():
                return said
        raise AssertionError(f"not heard: {wanted}")

    def close(self):
        self._socket.close()


@pytest.fixture
def manager(tmp_path, monkeypatch):
    manager = Manager(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", str(round(WATCHDOG_S * 1e6)))
    yield manager
    manager.close()


def pid_of(station, name):
    return station._running[name].pid


def test_the_sampler_is_ready_with_its_first_good_sample_and_says_its_end(
    station, manager
):
    station.start_meter()
    station.start_sampler()
    ready = manager.wait_for(READY="1")
    assert ready["STATUS"] == "sampling"
    assert ready["pid"] == pid_of(station, "sampler")
    assert manager.wait_for(WATCHDOG="1")
    assert station.end("sampler") == 0
    assert manager.wait_for(STOPPING="1")


def test_the_sampler_is_ready_with_its_first_clear_failure_and_tells_the_recovery(
    station, manager
):
    station.start_sampler()
    assert manager.wait_for(READY="1")["STATUS"] == "failing: charger"
    station.start_meter()
    manager.wait_for(STATUS="sampling")
    assert station.end("meter") == 0
    manager.wait_for(STATUS="failing: charger")


def test_the_publisher_is_ready_while_it_waits_for_its_broker(station, manager):
    station.broker.stop()
    station.start_publisher()
    ready = manager.wait_for(READY="1")
    assert ready["STATUS"] == "waiting for the broker"
    station.broker.start()
    manager.wait_for(STATUS="connected")
    assert manager.wait_for(WATCHDOG="1")
    assert station.end("publisher") == 0
    assert manager.wait_for(STOPPING="1")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sampler", "publisher"])
def test_a_process_that_hangs_is_not_heard_of_and_one_that_goes_on_is(
    station, manager, name
):
    station.start_meter()
    getattr(station, f"start_{name}")()
    manager.wait_for(READY="1")
    manager.wait_for(WATCHDOG="1")
    pid = pid_of(station, name)
    [_] = Path(f"/proc/{pid}/task").iterdir()  # a thread could beat for it
    os.kill(pid, signal.SIGSTOP)
    while manager.next(within_s=WATCHDOG_S) is not None:
        pass  # what was said before
    assert manager.next(within_s=2 * WATCHDOG_S) is None
    os.kill(pid, signal.SIGCONT)
    assert manager.wait_for(WATCHDOG="1")["pid"] == pid


def test_a_manager_that_ends_is_no_loss(station, manager, tmp_path):
    station.start_meter()
    station.start_sampler()
    manager.wait_for(READY="1")
    manager.close()
    Path(tmp_path / "notify").unlink()
    with contextlib.closing(Manager(tmp_path / "notify")) as successor:
        assert successor.wait_for(WATCHDOG="1")["pid"] == pid_of(station, "sampler")

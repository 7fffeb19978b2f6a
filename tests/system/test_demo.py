# SPDX-License-Identifier: Apache-2.0
"""The demo as a person starts it: it shows the chain, and it leaves nothing."""

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from deploy.demo.parts import ROOT
from ipc.clock import NS_PER_MS, SystemClock
from ipc.stop import Stop

pytestmark = [pytest.mark.system, pytest.mark.slow]

PARTS = {
    "broker": rb"mosquitto|amqtt_broker",
    "meter": rb"sampler\0simulate",
    "sampler": rb"sampler\0run",
    "publisher": rb"publisher\0run",
}
SEEN = re.compile(
    r"start OK, stop OK, record T\d+, \d\.\d{3} kWh, signature valid, 0 rejected"
)


def processes_of(directory):
    """Give the command lines, by pid, of all that was started with this TMPDIR."""
    mark = f"\0TMPDIR={directory}\0".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in b"\0" + (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_bytes()
    return found


def wait_for_none_of(directory):
    """Wait until the kernel has ended them all; the test's timeout is the limit."""
    stop = Stop()
    clock = SystemClock(stop)
    while processes_of(directory):
        clock.wait_until(clock.monotonic_ns() + 10 * NS_PER_MS)
    stop.close()


@contextlib.contextmanager
def demo(directory, *arguments, **streams):
    """Run the demo with its temporary files in the directory; kill it at the end."""
    command = [sys.executable, "-m", "deploy.demo", *arguments]
    environment = {**os.environ, "TMPDIR": str(directory), "TERM": "xterm"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, **streams
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def running(tmp_path):
    """Give a demo without a terminal, once all of its parts have been started."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with demo(tmp_path, **streams) as process:
        for line in process.stdout:
            if "broker: alive" in line:
                break
        yield process


def assert_nothing_is_left(directory):
    assert processes_of(directory) == {}
    assert list(directory.iterdir()) == []


def test_without_a_terminal_it_prints_lines_and_ends_with_the_duration(tmp_path):
    with demo(
        tmp_path, "--duration", "10", stdout=subprocess.PIPE, text=True
    ) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    assert SEEN.search(output)
    assert re.search(r"→ m2e/powermeter_values voltage [\d.]+ [\d.]+ [\d.]+ V", output)
    assert "→ m2e/communication_check true" in output
    assert "\x1b" not in output
    assert_nothing_is_left(tmp_path)


def test_too_short_a_duration_is_no_success(tmp_path):
    with demo(
        tmp_path, "--duration", "0.1", stdout=subprocess.PIPE, text=True
    ) as process:
        output, _ = process.communicate()
    assert process.returncode == 1
    assert "stop without reply, record missing" in output
    assert_nothing_is_left(tmp_path)


def test_in_a_terminal_it_draws_until_ctrl_c(tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with demo(tmp_path, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        screen = b""
        while b"vehicle gone (stop: OK; record T1, " not in screen:
            screen += os.read(ours, 65_536)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # EIO: the other side is closed
            while True:
                screen += os.read(ours, 65_536)
        assert process.wait() == 0
    os.close(ours)
    assert b"\x1b[?1049h" in screen  # the alternate screen was entered, and left again
    assert b"\x1b[?1049l" in screen
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.decode())
    for word in ("voltage", "current", "power", "energy", "● alive", "← e2m"):
        assert word in text
    assert SEEN.search(text)
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_dies_is_named_and_all_others_are_ended(running, tmp_path, name):
    (pid,) = (
        pid
        for pid, command in processes_of(tmp_path).items()
        if re.search(PARTS[name], command)
    )
    os.kill(pid, signal.SIGKILL)
    output, _ = running.communicate()
    assert running.returncode == 1
    assert f"{name} ended by itself (signal 9). Its last words:" in output
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_any_signal_to_end_it_ends_everything(running, tmp_path, number):
    running.send_signal(number)
    output, _ = running.communicate()
    assert running.returncode == 1
    assert "seen: " in output
    assert "Traceback" not in output
    assert_nothing_is_left(tmp_path)


def test_it_ends_when_nobody_reads_it_any_more(running, tmp_path):
    running.stdout.close()
    running.wait()
    assert_nothing_is_left(tmp_path)


def test_its_parts_die_with_it_even_when_it_is_killed(running, tmp_path):
    running.kill()
    running.wait()
    wait_for_none_of(tmp_path)

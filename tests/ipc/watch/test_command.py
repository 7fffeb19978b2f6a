# SPDX-License-Identifier: Apache-2.0
"""powermeter-watch as a person or a script meets it."""

import contextlib
import os
import pty
import signal
import subprocess
import termios

import msgspec
import pytest

from tests.ipc.watch.running import command, watch

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.mark.usefixtures("healthy")
def test_a_healthy_station_exits_with_zero(config):
    ended = watch(config, "--once")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "meter grid, state healthy" in ended.stdout


def test_a_station_without_a_sampler_exits_with_one(config):
    ended = watch(config, "--once")

    assert (ended.returncode, ended.stderr) == (1, "")
    assert "sampler missing" in ended.stdout


@pytest.mark.usefixtures("healthy")
def test_the_json_is_one_object_on_one_line(config):
    ended = watch(config, "--once", "--json")
    [line] = ended.stdout.splitlines()
    report = msgspec.json.decode(line)

    assert ended.returncode == 0
    assert report["healthy"] is True
    assert report["buses"][0]["writer"]["state"] == "running"
    assert report["buses"][0]["meters"][0]["meter"] == "grid"


def test_what_cannot_be_looked_at_exits_with_two_and_says_why(tmp_path, config):
    missing = watch(tmp_path / "none.toml", "--once")
    misused = watch(config, "--json")

    assert (missing.returncode, missing.stdout) == (2, "")
    assert "none.toml: no such file" in missing.stderr
    assert misused.returncode == 2
    assert "--json needs --once" in misused.stderr


class Seen:
    """powermeter-watch on a pseudo-terminal, and what it has sent."""

    def __init__(self, config, *options):
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))
        self.process = subprocess.Popen(
            command(config, *options), stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.bytes = b""

    def until(self, text):
        """Read until this has been shown since the last call."""
        start = len(self.bytes)
        while text not in self.bytes[start:]:
            self.bytes += os.read(self.ours, 4096)

    def press(self, keys):
        os.write(self.ours, keys)

    def end(self):
        """Read the rest, and give the exit status."""
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while received := os.read(self.ours, 4096):
                self.bytes += received
        return self.process.wait()


@pytest.fixture
def seen(config):
    made = []

    def start(*options):
        made.append(Seen(config, *options))
        return made[-1]

    yield start
    for each in made:
        each.process.kill()
        each.process.wait()
        os.close(each.ours)


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_live_view_ends_in_order_on_a_signal(seen, number):
    live = seen()
    live.until(b"healthy")
    live.process.send_signal(number)

    assert live.end() == 0
    assert live.bytes.endswith(b"\x1b[?1049l")
    assert b"Traceback" not in live.bytes


@pytest.mark.usefixtures("healthy")
def test_keys_turn_the_pages_and_end_the_view(seen):
    live = seen("--refresh", "60")
    live.until(b"healthy")
    live.press(b"3")
    live.until(b"sampler  ")
    live.press(b"\x1b[C")
    live.until(b"publisher  ")
    live.press(b"?")
    live.until(b"the next page")
    live.press(b"q")

    assert live.end() == 0
    assert live.bytes.endswith(b"\x1b[?1049l")


def test_the_status_of_the_live_view_is_that_of_its_last_look(seen):
    live = seen()
    live.until(b"sampler missing")
    live.press(b"q")

    assert live.end() == 1


@pytest.mark.usefixtures("healthy")
def test_a_terminal_that_is_closed_ends_the_view(seen):
    live = seen("--refresh", "0.1")
    live.until(b"healthy")
    os.close(live.ours)
    live.ours = os.open(os.devnull, os.O_RDONLY)

    # The line's end is a hang-up too, if the view is its session's leader.
    assert live.process.wait() in {0, -signal.SIGHUP}


@pytest.mark.usefixtures("healthy")
def test_on_a_terminal_that_cannot_be_drawn_on_it_prints(seen, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    live = seen()
    live.until(b"publisher missing")
    live.process.terminate()

    assert live.end() == 0
    assert b"\x1b" not in live.bytes


@pytest.mark.usefixtures("healthy")
def test_without_a_terminal_it_prints_until_nobody_reads(config):
    with subprocess.Popen(
        command(config, "--refresh", "0.1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as printing:
        try:
            for _ in range(2):
                assert b"bus line: sampler running" in printing.stdout.readline()
                while b"publisher" not in printing.stdout.readline():
                    pass
            printing.stdout.close()
            assert printing.wait() == 0
            assert printing.stderr.read() == b""
        finally:
            printing.kill()


def test_a_broken_pipe_is_no_traceback(config):
    shell = f"{' '.join(command(config, '--once'))} | true"
    ended = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize(
    "misused",
    [
        ("--metrics", "x"),
        ("--metrics", "70000"),
        ("--refresh", "0"),
        ("--refresh", "nan"),
        ("--refresh", "soon"),
        ("--once", "--metrics", "9000"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(config, misused):
    ended = watch(config, *misused)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert misused[0] in ended.stderr or misused[1] in ended.stderr

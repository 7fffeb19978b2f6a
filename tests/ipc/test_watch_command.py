# SPDX-License-Identifier: Apache-2.0
"""powermeter-watch as a person or a script meets it."""

import contextlib
import os
import pty
import signal
import subprocess
import sys

import msgspec
import pytest

from ipc.sample import ABSENT, Sample
from ipc.shm import SegmentWriter

pytestmark = [pytest.mark.slow, pytest.mark.system]

CONFIG = """
[[bus]]
name = "line"
port = "/dev/null"

[[bus.meter]]
name = "grid"
model = "eastron_sdm630"
unit_id = 1
module_id = "pm_1"

[publish]
fresh_s = 60

[ring]
directory = "{directory}"
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(directory=tmp_path))
    return path


@pytest.fixture
def healthy(tmp_path, clock):
    """Give a ring with one sample of this moment."""
    path = tmp_path / "line.ring"
    with SegmentWriter.open(path, capacity=64, clock=clock) as writer:
        now_ns = clock.monotonic_ns()
        writer.write(Sample(0, 0, 0, 0, 0, now_ns, 0, 0, 0, 0, *ABSENT))
        yield writer


def command(*arguments):
    return [sys.executable, "-m", "ipc", *map(str, arguments)]


def watch(*arguments):
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False
    )


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


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_live_view_shows_a_bus_and_ends_in_order(config, number):
    ours, theirs = pty.openpty()
    with subprocess.Popen(command(config), stdout=theirs, stderr=theirs) as live:
        try:
            os.close(theirs)
            shown = b""
            while b"healthy" not in shown:
                shown += os.read(ours, 4096)
            live.send_signal(number)
            with contextlib.suppress(OSError):  # EIO: the other end is closed
                while True:
                    shown += os.read(ours, 4096)
            assert live.wait() == 0
        finally:
            live.kill()
            os.close(ours)
    assert b"bus line: sampler running" in shown
    assert b"Traceback" not in shown


@pytest.mark.usefixtures("healthy")
def test_without_rich_the_live_view_says_what_to_do(config):
    without = (
        "import sys; sys.modules['rich.live'] = None;"
        " sys.argv[1:] = sys.argv[1:]; from ipc.__main__ import main; sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", without, str(config)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "needs rich" in ended.stderr
    assert "--once" in ended.stderr

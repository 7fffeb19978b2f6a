# SPDX-License-Identifier: Apache-2.0
"""`powermeter-sampler run` as a process: it starts, waits and ends as it should."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.demo.parts import ROOT
from ipc.clock import NS_PER_MS, SystemClock
from ipc.stop import Stop
from tests.sampler.wires import HangUpError, good, right, slave

pytestmark = [pytest.mark.system, pytest.mark.slow]

CONFIG = """
[[bus]]
name = "bus"
port = "{directory}/by-id"
baudrate = {baudrate}
rate_hz = {rate_hz}
timeout_s = 0.5

[[bus.meter]]
name = "m"
model = "eastron_sdm630"
unit_id = 7
module_id = "pm"

[publish]
fresh_s = 60

[ring]
directory = "{directory}"

[log]
format = "json"
"""


@contextlib.contextmanager
def sampler(directory: Path, *, baudrate=115200, rate_hz=2.0):
    """Run a sampler whose port is `by-id` in the directory."""
    config = directory / "config.toml"
    config.write_text(
        CONFIG.format(directory=directory, baudrate=baudrate, rate_hz=rate_hz)
    )
    command = [sys.executable, "-m", "sampler", "run", str(config)]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until_it_says(process, event: str) -> str:
    for line in process.stderr:
        if f'"event":"{event}"' in line:
            return line
    raise AssertionError(f"ended without saying {event}")


def wait_until(condition) -> None:
    stop = Stop()
    clock = SystemClock(stop)
    while not condition():
        clock.wait_until(clock.monotonic_ns() + 2 * NS_PER_MS)
    stop.close()


def assert_ends_in_order(process, number=signal.SIGTERM) -> None:
    process.send_signal(number)
    _, rest = process.communicate(timeout=5)
    assert process.returncode == 0, rest
    assert '"event":"sampler_stopped"' in rest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_while_it_waits_for_a_port_that_is_not_there(tmp_path, number):
    with sampler(tmp_path) as process:
        assert "is not there" in until_it_says(process, "meter_fails")
        assert_ends_in_order(process, number)


def test_it_ends_in_the_middle_of_an_answer_at_1200_baud(tmp_path):
    def begin(request):
        yield 0, right(request)[:5]

    with (
        slave(begin, link=tmp_path / "by-id") as far,
        sampler(tmp_path, baudrate=1200, rate_hz=0.4) as process,
    ):
        until_it_says(process, "sampler_started")
        wait_until(lambda: far.requests)
        assert_ends_in_order(process)


def test_it_ends_while_a_meter_is_silent_and_while_the_line_is_not(tmp_path):
    def babble(_):
        for _ in range(1000):
            yield 0.005, b"\x55"

    for script in (lambda _: (), babble):
        with (
            slave(script, link=tmp_path / "by-id") as far,
            sampler(tmp_path) as process,
        ):
            until_it_says(process, "meter_fails")
            assert far.requests
            assert_ends_in_order(process)


def test_it_ends_while_it_waits_for_a_tick_that_is_far_away(tmp_path):
    with (
        slave(good, link=tmp_path / "by-id"),
        sampler(tmp_path, rate_hz=0.05) as process,
    ):
        until_it_says(process, "meter_answers")
        assert_ends_in_order(process)


def test_a_port_that_another_process_holds_ends_it_with_a_clear_message(tmp_path):
    with slave(good, link=tmp_path / "by-id") as far:
        holder = os.open(far.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with sampler(tmp_path) as process:
            _, told = process.communicate(timeout=20)
        os.close(holder)
    assert process.returncode == 2
    assert "in use by another process: end it, or correct bus.port" in told


def cpu_s(process) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_hang_up_in_mid_read_costs_no_processor_time_and_the_port_is_used_again(
    tmp_path,
):
    def hang_up(request):
        yield 0, right(request)[:7]
        raise HangUpError

    with (
        slave(good, link=tmp_path / "by-id") as far,
        sampler(tmp_path, rate_hz=9) as process,
    ):
        until_it_says(process, "meter_answers")
        far.script = hang_up
        until_it_says(process, "meter_fails")
        before_s, clock = cpu_s(process), SystemClock(stop := Stop())
        clock.wait_until(clock.monotonic_ns() + 1000 * NS_PER_MS)  # what is measured
        stop.close()
        assert cpu_s(process) - before_s < 0.5  # a spin takes all of it
        far.unplug()
        far.script = good
        far.plug()
        until_it_says(process, "meter_answers")
        assert_ends_in_order(process)

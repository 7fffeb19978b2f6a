# SPDX-License-Identifier: Apache-2.0
"""powermeter-sampler as a person meets it: what it prints, and how it exits."""

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.system]

EXAMPLE = Path(__file__).parents[2] / "deploy" / "config.toml"
BY_ID = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A1B2C3D4-if00-port0"

INSTANTS = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.25)
"""Seconds after the start: from before the interpreter is up to well in the loop."""


@pytest.fixture
def config(tmp_path):
    def write(*changes: tuple[str, str]) -> str:
        text = EXAMPLE.read_text().replace("/run/powermeter", str(tmp_path))
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "config.toml"
        path.write_text(text)
        return str(path)

    return write


def sampler(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sampler", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def refusal(*arguments: str) -> str:
    """Give the one line with which a command refuses."""
    ended = sampler(*arguments)
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith("powermeter-sampler: ")
    return line


@pytest.fixture
def terminal():
    """Give a pseudo-terminal's path: a serial port that nobody answers on."""
    ours, theirs = pty.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_check_prints_the_timetable_and_notes_an_absent_port():
    ended = sampler("check", str(EXAMPLE))
    assert ended.returncode == 0
    assert ended.stderr == ""
    for part in (
        "9600 baud, 8N1, 1 Hz",
        "unit 1",
        "highest rate",
        "0x0034..",
        "note: ",
    ):
        assert part in ended.stdout


def test_a_rate_the_wire_cannot_carry_is_refused_with_the_highest_it_can(config):
    path = config(("rate_hz = 1.0", "rate_hz = 20"))
    for command in ("check", "run"):
        assert "at most" in refusal(command, path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("eastron_sdm630", "eastron", "did you mean 'eastron_"),
        ("eastron_sdm630", "/none.toml", "/none.toml: no such file"),
        (
            'signing = "none"',
            'signing = "meter"',
            "cannot sign: use signing = 'gateway' or 'none'",
        ),
        ("unit_id = 1", "unit_id = 300", "unit_id = 300: expected `int` <= 247"),
        ("baudrate", "boudrate", "did you mean 'baudrate'?"),
        ("[[bus]]", "[[bus", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_file_is_one_clear_line(config, old, new, told):
    assert told in refusal("run", config((old, new)))


def test_a_missing_file_is_named():
    assert "/none.toml: no such file" in refusal("run", "/none.toml")


def test_an_unknown_bus_is_told_with_the_known_ones():
    assert "the configuration has: rs485" in refusal(
        "check", str(EXAMPLE), "--bus", "b"
    )


def test_a_file_that_is_no_serial_port_is_refused(config):
    path = config((BY_ID, str(EXAMPLE)))
    assert "cannot be used as a serial port" in refusal("run", path)


def test_a_port_that_another_process_holds_is_refused(config, terminal):
    held = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(held, fcntl.LOCK_EX)
    told = refusal("run", config((BY_ID, terminal)))
    os.close(held)
    assert f"{terminal} is in use by another process" in told


def test_a_ring_directory_that_is_not_there_is_refused(config, tmp_path):
    told = refusal("run", config((str(tmp_path), "/none")))
    assert "/none" in told
    assert "must exist" in told


def test_an_absent_port_is_waited_for(config):
    command = [sys.executable, "-m", "sampler", "run", config()]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "sampler_started" in process.stderr.readline()
        assert "timer slack 1 us" in process.stderr.readline()
        line = process.stderr.readline()
        assert f"{BY_ID} is not there" in line
        assert "plug the adapter in" in line
        process.terminate()
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_at_any_instant_of_the_start_is_in_order(config, terminal, number):
    """Before Python has set its handlers, the signal itself ends the process."""
    path = config((BY_ID, terminal))
    command = [sys.executable, "-m", "sampler", "run", path]
    for instant in INSTANTS:
        # env: what measures coverage would start first, and take the signal.
        with subprocess.Popen(
            command, env={}, stderr=subprocess.PIPE, text=True
        ) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=instant)
            process.send_signal(number)
            _, said = process.communicate(timeout=10)
        killed = process.returncode in (-number, 1) and "sampler_started" not in said
        assert process.returncode == 0 or killed, said


def test_a_socket_that_cannot_be_made_is_one_clear_line(config, tmp_path, terminal):
    directory = tmp_path / ("d" * 120)
    directory.mkdir()
    path = config(
        (BY_ID, terminal),
        (str(tmp_path), str(directory)),
        ('model = "eastron_sdm630"', 'model = "carlo_gavazzi_em580"'),
        ('signing = "none"', 'signing = "meter"'),
    )
    line = refusal("run", path)
    assert "rs485.sock: cannot be made a socket" in line
    assert line.endswith("correct ring.directory")

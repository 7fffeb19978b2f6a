# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher as a process: what it refuses, and how it ends."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.publisher.line import black_hole, listening, until
from tests.publisher.process import (
    BUS,
    ROOT,
    SIGNALS,
    Process,
    config,
    ends_in_order,
)

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config.toml"


def ended(*arguments: object) -> tuple[int, str, str]:
    with Process(*arguments) as process:
        return process.end()


def refused(*arguments: object) -> str:
    """Run it; give its words, which are one message and no traceback."""
    status, out, err = ended(*arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("powermeter-publisher: ")
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("arguments", [(), ("run",), ("dance", "x"), ("run", "a", "b")])
def test_a_command_line_that_makes_no_sense_gets_the_usage(arguments):
    status, out, err = ended(*arguments)
    assert (status, out) == (2, "")
    assert "usage: powermeter-publisher" in err


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_that_is_missing_is_named(command, path):
    assert f"{path}: no such file" in refused(command, path)


BAD = {
    "no TOML": (b"[[bus", "not valid TOML"),
    "noise": (bytes(range(256)), "not valid TOML"),
    "empty": (b"", "bus: this key is missing"),
    "unknown key": (f"{BUS}\n[mqtt]\nhots = 'x'".encode(), "did you mean 'host'?"),
    "bad value": (f"{BUS}\n[mqtt]\nport = 0".encode(), "mqtt.port = 0"),
    "signing": (f"{BUS}signing = 'gateway'".encode(), "serial of meter 'charger-1'"),
    "ring": (
        f"{BUS}\n[ring]\ncapacity = 64\n[publish]\nwindow_s = 60".encode(),
        "ring.capacity = 64: bus 'rs485' needs at least 1200",
    ),
    "health": (
        f"{BUS}\n[publish]\nfresh_s = 0.2\n".replace("10", "1").encode(),
        "fresh_s",
    ),
    "no user": (f"{BUS}\n[mqtt]\npassword_file = 'x'".encode(), "mqtt.username"),
}


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_configuration_is_refused_with_its_reason(command, kind, path):
    content, reason = BAD[kind]
    path.write_bytes(content)
    assert reason in refused(command, path)


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("mode", [0o644, None])
def test_a_password_that_is_open_or_missing_is_refused(command, mode, path, tmp_path):
    file = tmp_path / "password"
    if mode is not None:
        file.write_text("hunter2")
        file.chmod(mode)
    mqtt = f'username = "u"\npassword_file = "{file}"'
    said = refused(command, config(path, mqtt=mqtt))
    assert str(file) in said
    assert "hunter2" not in said


def test_check_says_what_would_be_sent_where(path):
    status, out, err = ended("check", config(path))
    assert (status, err) == (0, "")
    assert "sends  everest_api/1/powermeter/pm_1/m2e/powermeter_values" in out


@SIGNALS
def test_a_signal_during_start_up_ends_it(number, path):
    """-X importtime tells when it is in the middle of its imports."""
    with Process("run", config(path), python=("-X", "importtime")) as process:
        process.await_line("msgspec")
        ends_in_order(process, number)


@SIGNALS
def test_a_signal_ends_it_while_the_broker_refuses(number, path):
    with Process("run", config(path)) as process:
        line = msgspec.json.decode(process.await_line("broker_unreachable"))
        assert line["detail"].startswith("cannot be reached")
        assert line["process"] == "publisher"
        assert "publisher_stopped" in ends_in_order(process, number)


@SIGNALS
def test_a_signal_ends_it_while_the_broker_does_not_even_refuse(number, path):
    with black_hole() as port:
        before = len(connecting(port))
        with Process("run", config(path, port=port)) as process:
            process.await_line("publisher_started")
            until(lambda: len(connecting(port)) > before and process.sleeps)
            assert "publisher_stopped" in ends_in_order(process, number)


def connecting(port: int) -> list[str]:
    """Give the connections to a port that wait for an answer (SYN_SENT)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    entries = [line.split() for line in lines]
    return [
        entry[1]
        for entry in entries
        if entry[2].endswith(f":{port:04X}") and entry[3] == "02"
    ]


@SIGNALS
def test_a_signal_ends_it_while_the_broker_says_nothing(number, path):
    with (
        listening() as listener,
        Process("run", config(path, port=listener.getsockname()[1])) as process,
    ):
        taken, _ = listener.accept()
        with taken:
            assert taken.recv(1) == b"\x10"  # its CONNECT
            err = ends_in_order(process, number)
            assert "broker_unreachable" not in err
            assert "publisher_stopped" in err


def test_the_commands_for_keys_and_records_are_there(tmp_path):
    status, said, _ = ended("keygen", tmp_path / "key.pem")
    assert (status, said[:15]) == (0, "public key: 305")
    record = tmp_path / "record"
    record.write_text("OCMF|{}|{}")
    key = said.split()[2]
    status, said, told = ended("verify", record, "--public-key", key)
    assert status == 1
    assert "NOT VALID" in said + told


def test_where_nobody_signs_neither_sqlite_nor_the_keys_library_is_loaded():
    look = "import sys, publisher.service; print(*sys.modules)"
    # env: what measures coverage would load them.
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, env={}, capture_output=True, check=True
    )
    loaded = set(done.stdout.decode().split())
    assert "paho.mqtt.client" in loaded
    assert not {"sqlite3", "cryptography", "publisher.clerk"} & loaded

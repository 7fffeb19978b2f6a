# SPDX-License-Identifier: Apache-2.0
"""`read`, over a real pseudo-terminal: what a person sees, and each way it fails."""

import argparse
import fcntl
import os
import struct

import msgspec
import pytest

from ipc.config import Parity
from ipc.stop import Stop
from sampler import registermap
from sampler.errors import LineSettingsError, PortError
from sampler.simulator.eastron_sdm630 import MODEL
from sampler.simulator.frame import crc16
from sampler.simulator.meter import Meter
from sampler.tools import read
from sampler.tools.advice import explain_port
from sampler.tools.line import LineSettings
from tests.sampler.served import Wrapped, serving


def parsed(*words):
    parser = argparse.ArgumentParser()
    read.add_arguments(parser)
    return parser.parse_args(words)


def run(*words, stop=None):
    mine = stop or Stop()
    try:
        return read.run(parsed(*words), stop=mine)
    finally:
        mine.close()


def read_sdm630(port, *words):
    return run("eastron_sdm630", "--port", port, "--unit-id", "1", *words)


def test_a_person_sees_every_phase_with_its_unit(capsys):
    with serving() as server:
        status = read_sdm630(server.path, "--baudrate", "115200")
    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert lines[0] == f"Eastron SDM630, unit 1 on {server.path}, 115200 baud 8N1"
    assert lines[2].split() == ["L1", "L2", "L3", "N", "total"]
    rows = {line[:17].strip(): line[17:].split() for line in lines[3:]}
    assert rows["voltage"][1::2] == ["V", "V", "V"]
    assert rows["current"][1::2] == ["A", "A", "A", "A"]
    assert rows["power"][1::2] == ["W", "W", "W", "W"]
    assert rows["energy import"][1::2] == ["kWh"] * 4
    assert 220 < float(rows["voltage"][0]) < 240


def test_a_script_gets_every_quantity_of_the_model_under_its_name(capsys):
    with serving() as server:
        status = read_sdm630(server.path, "--json")
    data = msgspec.json.decode(capsys.readouterr().out)
    assert status == 0
    assert set(data["values"]) == set(registermap.load("eastron_sdm630").registers)
    assert isinstance(data["values"]["energy_import_mwh"], int)
    assert (data["quality"], data["implausible"]) == ([], [])
    assert data["time"].endswith("+00:00")
    assert "frames" not in data


def test_raw_shows_each_request_and_its_answer(capsys):
    with serving() as server:
        assert read_sdm630(server.path, "--raw") == 0
    lines = capsys.readouterr().out.splitlines()
    frames = lines[: lines.index("")]
    for kind, line in zip(("request", "answer") * 9, frames, strict=False):
        assert f" ms  {kind}" in line
        assert crc16(bytes.fromhex(line.partition(kind)[2])) == 0
    assert len(frames) >= 2
    times_ms = [float(line.split()[0]) for line in frames]
    assert times_ms == sorted(times_ms)


def test_raw_frames_for_a_script_are_those_that_the_meter_saw(capsys):
    meter = Wrapped()
    with serving(meter) as server:
        read_sdm630(server.path, "--raw", "--json")
    frames = msgspec.json.decode(capsys.readouterr().out)["frames"]
    assert [bytes.fromhex(it["request"]) for it in frames] == meter.requests
    assert all(bytes.fromhex(it["answer"])[0] == 1 for it in frames)


@pytest.mark.slow
def test_a_silent_meter_is_status_1_and_a_list_of_what_to_check(capsys, monkeypatch):
    monkeypatch.setattr(read, "TIMEOUT_S", 0.03)
    with serving(Meter(MODEL, unit_id=9)) as server:
        assert read_sdm630(server.path, "--raw") == 1
    shown = capsys.readouterr()
    assert "answer   none" in shown.out
    assert f"unit 1 on {server.path} does not answer at 9600 baud 8N1" in shown.err
    assert f"powermeter-sampler scan {server.path}" in shown.err


def test_what_cannot_be_true_is_named_and_the_model_is_doubted(capsys, tmp_path):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(
        "[meter]\nvendor = 'V'\nmodel = 'M'\nstatus = 'inferred'\nsources = ['s']\n"
        "function_code = 4\n[registers]\n"
        "voltage_l1_v = { address = 0x0000, encoding = 'uint32' }\n"
        "frequency_l1_hz = { address = 0x0046, encoding = 'float32' }\n"
    )
    with serving() as server:
        status = run(str(wrong), "--port", server.path, "--unit-id", "1")
    shown = capsys.readouterr()
    assert status == 1
    assert "frequency" in shown.out
    assert "cannot be true, so not shown: voltage_l1_v;" in shown.err
    assert f"powermeter-sampler scan {server.path}" in shown.err


@pytest.mark.slow
def test_garbled_answers_are_status_1_and_say_what_garbles(capsys):
    meter = Wrapped(change=lambda answer: answer[:-1] + b"\0")
    with serving(meter) as server:
        assert read_sdm630(server.path) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "is no clean answer" in shown.err
    assert "no two meters on this line have unit id 1" in shown.err


@pytest.mark.slow
def test_one_garbled_answer_is_only_tried_again(capsys):
    answers = iter([b"\x55\xaa"])
    meter = Wrapped(change=lambda answer: next(answers, answer))
    with serving(meter) as server:
        assert read_sdm630(server.path) == 0
    assert "voltage" in capsys.readouterr().out


@pytest.mark.slow
def test_another_model_refuses_and_that_is_status_1(capsys):
    with serving() as server:
        assert run("abb_b23", "--port", server.path, "--unit-id", "1") == 1
    shown = capsys.readouterr()
    assert "answers, but refuses registers of abb_b23" in shown.err
    assert "tells what the meter says it is" in shown.err


@pytest.mark.slow
def test_what_cannot_be_true_is_marked_and_named_and_status_1(capsys):
    nan = bytes.fromhex("7fc00000")

    def with_nan(answer):
        body = bytearray(answer[:-2])
        body[3:7] = nan
        return bytes(body) + crc16(bytes(body)).to_bytes(2, "little")

    with serving(Wrapped(change=with_nan)) as server:
        assert read_sdm630(server.path) == 1
    shown = capsys.readouterr()
    assert "?" in next(line for line in shown.out.splitlines() if "voltage" in line)
    assert "voltage_l1_v" in shown.err


def test_a_phase_that_runs_backward_is_told_as_a_matter_of_wires(capsys):
    current_l1, power_l1 = 3 + 2 * 6, 3 + 2 * 12  # bytes into the first answer

    def backward(answer):
        body = bytearray(answer[:-2])
        if len(body) > power_l1 + 4 and body[2] == 60:
            body[current_l1 : current_l1 + 4] = struct.pack(">f", 16.0)
            body[power_l1 : power_l1 + 4] = struct.pack(">f", -3600.0)
        return bytes(body) + crc16(bytes(body)).to_bytes(2, "little")

    with serving(Wrapped(change=backward)) as server:
        assert read_sdm630(server.path) == 0
        assert "L1 gives energy back" in capsys.readouterr().out
        assert read_sdm630(server.path, "--json") == 0
    (hint,) = msgspec.json.decode(capsys.readouterr().out)["wiring"]
    assert hint.startswith("L1 gives energy back")


def test_a_port_that_is_not_there_is_status_1(capsys, tmp_path):
    assert read_sdm630(str(tmp_path / "ttyUSB0")) == 1
    assert "ttyUSB0 is not there" in capsys.readouterr().err


def test_what_is_no_serial_port_is_status_1(capsys):
    assert read_sdm630("/dev/null") == 1
    assert "/dev/null is no serial port" in capsys.readouterr().err


def test_a_port_that_somebody_holds_is_status_1(capsys):
    with serving() as server:
        holder = os.open(server.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        try:
            assert read_sdm630(server.path) == 1
        finally:
            os.close(holder)
    assert "in use by another process" in capsys.readouterr().err


def test_a_missing_permission_says_whose_group_to_join():
    error = PortError(13, "no")
    error.__cause__ = PermissionError(13, "no")
    assert "join the port's group" in explain_port(error, "/dev/ttyUSB0")


def test_settings_that_an_adapter_cannot_do_may_want_another_adapter():
    error = LineSettingsError(22, "/dev/ttyUSB0: correct parity")
    told = explain_port(error, "/dev/ttyUSB0")
    assert told == "/dev/ttyUSB0: correct parity, or use another adapter"


@pytest.mark.parametrize(
    "words",
    [
        ("eastron_sdm630", "--port", "x"),
        ("eastron_sdm630", "--unit-id", "1"),
        ("eastron_sdm630", "--port", "x", "--unit-id", "0"),
        ("eastron_sdm630", "--port", "x", "--unit-id", "248"),
        ("eastron_sdm630", "--port", "x", "--unit-id", "1", "--baudrate", "fast"),
        ("eastron_sdm630", "--port", "x", "--unit-id", "1", "--baudrate", "300"),
        ("eastron_sdm630", "--port", "x", "--unit-id", "1", "--parity", "mark"),
        ("eastron_sdm630", "--port", "x", "--unit-id", "1", "--stopbits", "3"),
    ],
)
def test_a_wrong_command_line_is_status_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        parsed(*words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_an_unknown_model_is_status_2(capsys):
    assert run("sdm6300", "--port", "/dev/null", "--unit-id", "1") == 2
    assert "unknown model 'sdm6300'" in capsys.readouterr().err


def test_ctrl_c_ends_it_with_the_shells_status_and_without_a_verdict(capsys):
    stop = Stop()
    meter = Wrapped()

    def interrupt(_):
        stop.request()

    meter.change = interrupt  # no answer comes, and Ctrl-C is pressed meanwhile
    with serving(meter) as server:
        assert (
            run("eastron_sdm630", "--port", server.path, "--unit-id", "1", stop=stop)
            == 130
        )
    assert capsys.readouterr() == ("", "")


def test_the_serial_settings_are_those_asked_for_else_the_makers_else_9600_8n1():
    words = ("m", "--port", "x", "--unit-id", "1")
    plain = registermap.load("eastron_sdm630")
    maker = registermap.Serial(baudrate=19200, parity=Parity.EVEN)
    profile = msgspec.structs.replace(plain, serial=maker)
    unknown = msgspec.structs.replace(plain, serial=None)
    even = Parity.EVEN
    assert read.settings_of(parsed(*words), unknown) == LineSettings(baudrate=9600)
    assert read.settings_of(parsed(*words), profile) == LineSettings(
        baudrate=19200, parity=even
    )
    asked = parsed(*words, "--baudrate", "4800", "--stopbits", "2")
    assert read.settings_of(asked, profile) == LineSettings(
        baudrate=4800, parity=even, stopbits=2
    )

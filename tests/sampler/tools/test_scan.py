# SPDX-License-Identifier: Apache-2.0
"""`scan`, over a real pseudo-terminal: what it finds, prints, and how it ends."""

import argparse
import termios
import tomllib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.config import BusTable
from ipc.stop import Stop
from sampler import registermap
from sampler.simulator.eastron_sdm630 import MODEL
from sampler.simulator.meter import Meter
from sampler.tools import findings, scan
from tests.sampler.served import OnlyAt, Wrapped, serving

QUICK = ("--baudrates", "115200", "--parities", "none")


def run(*words, stop=None):
    parser = argparse.ArgumentParser()
    scan.add_arguments(parser)
    mine = stop or Stop()
    try:
        return scan.run(parser.parse_args(words), stop=mine)
    finally:
        mine.close()


@pytest.mark.slow
def test_meters_are_found_and_named_and_their_configuration_is_ready_to_paste(capsys):
    meters = [Wrapped(Meter(MODEL, unit_id=unit, seed=unit)) for unit in (2, 4)]
    with serving(*meters) as server:
        assert run(server.path, *QUICK, "--units", "1-4") == 0
        path = server.path
    shown = capsys.readouterr()
    assert f"2 meters found on {path}" in shown.out
    assert "unit 2 at 115200 baud 8N1: Eastron SDM630" in shown.out
    assert "serial number 22000004" in shown.out
    assert "a meter answers: unit 4 at 115200 baud 8N1" in shown.err
    pasted = tomllib.loads(shown.out[shown.out.index("[[bus]]") :])
    bus = msgspec.convert(pasted["bus"][0], BusTable)
    assert (bus.port, bus.baudrate) == (path, 115200)
    assert [meter.unit_id for meter in bus.meter] == [2, 4]
    assert {meter.model for meter in bus.meter} <= {"eastron_sdm630", "eastron_sdm54"}
    frames = [frame for meter in meters for frame in meter.requests]
    assert {frame[1] for frame in frames} <= {3, 4}, "something was written"


@pytest.mark.slow
def test_the_baud_rate_is_found_out(capsys):
    meter = OnlyAt(termios.B19200, Meter(MODEL, unit_id=1))
    words = ("--baudrates", "9600,4800,19200", "--parities", "none", "--units", "1-2")
    with serving(meter) as server:
        assert run(server.path, *words, "--json") == 0
    data = msgspec.json.decode(capsys.readouterr().out)
    (found,) = data["meters"]
    assert (found["baudrate"], found["parity"], found["unit_id"]) == (19200, "none", 1)
    assert "eastron_sdm630" in found["models"]
    assert found["certain"] is False
    assert found["serial_number"] == "22000001"


@pytest.mark.slow
@pytest.mark.parametrize("unit_id", [1, 3, 4])  # the last of a round, within, of all
def test_a_meter_that_takes_longer_than_the_time_out_is_found_all_the_same(
    unit_id, capsys, monkeypatch
):
    monkeypatch.setattr(registermap, "names", lambda: ["eastron_sdm630"])
    slow = msgspec.structs.replace(MODEL, turnaround_ns=170_000_000)
    with serving(Meter(slow, unit_id=unit_id)) as server:
        assert run(server.path, *QUICK, "--units", "1-4", "--json") == 0
    data = msgspec.json.decode(capsys.readouterr().out)
    assert [found["unit_id"] for found in data["meters"]] == [unit_id]


@pytest.mark.slow
def test_ctrl_c_shows_what_was_found_so_far(capsys):
    stop = Stop()
    third = Wrapped(Meter(MODEL, unit_id=3))
    third.change = lambda _: stop.request()
    second = Wrapped(Meter(MODEL, unit_id=2))
    with serving(second, third) as server:
        assert run(server.path, *QUICK, stop=stop) == 130
    shown = capsys.readouterr()
    assert "1 meter found" in shown.out
    assert "unit_id = 2" in shown.out
    assert shown.err.endswith("stopped before the end\n")
    assert "unit 4 at" not in shown.err


def test_how_long_it_may_take_is_said_before_it_begins(capsys):
    stop = Stop()
    stop.request()
    with serving() as server:
        assert run(server.path, stop=stop) == 130
    first = capsys.readouterr().err.splitlines()[0]
    assert "247 unit ids at each of 14 settings of the line" in first
    assert "at most about 10 min" in first
    assert "Ctrl-C ends it" in first


@pytest.mark.slow
def test_a_line_without_meters_is_status_1_and_says_what_to_check(capsys):
    with serving(Meter(MODEL, unit_id=9)) as server:
        assert run(server.path, *QUICK, "--units", "7") == 1
    shown = capsys.readouterr()
    assert "0 meters found" in shown.out
    assert "[[bus]]" not in shown.out
    assert "no meter answers" in shown.err


@pytest.mark.slow
def test_noise_is_told_from_a_meter(capsys):
    noisy = Wrapped(change=lambda answer: answer[:-1])
    with serving(noisy) as server:
        assert run(server.path, *QUICK, "--units", "1") == 1
    assert "something answers unit 1 at 115200 baud 8N1" in capsys.readouterr().err


def test_a_port_that_is_not_there_is_status_1(capsys, tmp_path):
    assert run(str(tmp_path / "ttyUSB0"), *QUICK) == 1
    assert "ttyUSB0 is not there" in capsys.readouterr().err


def test_what_is_no_serial_port_is_status_1(capsys):
    assert run("/dev/null", *QUICK) == 1
    assert "/dev/null is no serial port" in capsys.readouterr().err


@given(st.lists(st.tuples(st.integers(1, 247), st.integers(1, 247)), min_size=1))
def test_unit_ids_are_ranges_and_numbers_in_any_order(ranges):
    parts = [sorted(pair) for pair in ranges]
    text = ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
    expected = {unit for a, b in parts for unit in range(a, b + 1)}
    assert scan.units(text) == sorted(expected)


@pytest.mark.parametrize(
    "text", ["", "0", "248", "1-248", "5-3", "1,,2", "a", "-1", "1-"]
)
def test_unit_ids_that_cannot_be_are_status_2(text, capsys):
    with pytest.raises(SystemExit) as ended:
        run("/dev/null", f"--units={text}")
    assert ended.value.code == 2
    assert "--units" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("--baudrates", "9600;1"), ("--parities", "none,mark"), ("--stopbits", "3")],
)
def test_other_wrong_options_are_status_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        run("/dev/null", *words)
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_the_adapters_stable_name_is_used_where_there_is_one(tmp_path):
    port, other = tmp_path / "ttyUSB0", tmp_path / "ttyUSB1"
    port.touch()
    other.touch()
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    (by_id / "usb-FTDI-B").symlink_to(port)
    (by_id / "usb-FTDI-A").symlink_to(other)
    assert findings.stable(str(port), by_id) == str(by_id / "usb-FTDI-B")
    assert findings.stable(str(port), tmp_path / "none") == str(port)
    assert findings.stable("/dev/null", by_id) == "/dev/null"


@given(st.floats(0, 100_000))
def test_a_duration_is_never_said_shorter_than_it_is(seconds):
    words = scan.duration(seconds).split()
    units = {"s": 1, "min": 60}
    said = sum(
        int(n) * units[unit] for n, unit in zip(words[::2], words[1::2], strict=True)
    )
    assert said + (59 if words[-1] == "min" else 0) >= seconds

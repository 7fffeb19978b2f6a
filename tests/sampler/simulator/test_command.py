# SPDX-License-Identifier: Apache-2.0
"""The sub-command: its line, its errors, its end."""

import argparse
import pathlib
import signal
import subprocess
import sys

import minimalmodbus
import pytest
import serial

import sampler.simulator
from ipc.stop import Stop
from sampler.simulator import command
from sampler.simulator.frame import seal

ROOT = pathlib.Path(sampler.simulator.__file__).parents[2]

RUNNER = """
import argparse, sys
from ipc.stop import Stop
from sampler.simulator import command
stop = Stop.on_signals()
parser = argparse.ArgumentParser()
command.add_arguments(parser)
sys.exit(command.run(parser.parse_args(), stop=stop))
"""


def parse(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def stopped():
    stop = Stop()
    stop.request()
    yield stop
    stop.close()


def test_it_says_in_one_line_where_the_meter_answers(tmp_path, capsys, stopped):
    link = tmp_path / "meter"
    args = parse("eastron_sdm630", "--link", str(link), "--unit-id", "7")
    assert command.run(args, stop=stopped) == 0
    out, err = capsys.readouterr()
    assert out.startswith("eastron_sdm630 unit 7 answers on /dev/pts/")
    assert out.endswith(f" (link {link})\n")
    assert out.count("\n") == 1
    assert not err
    assert not link.is_symlink()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["eastron_sdm631"], "did you mean 'eastron_sdm630'"),
        (["eastron_sdm630", "--unit-id", "0"], "--unit-id 0: must be 1 to 247"),
        (["eastron_sdm630", "--unit-id", "248"], "--unit-id 248: must be 1 to 247"),
        (["eastron_sdm630", "--seed", "-1"], "--seed -1: must be 0 to"),
        (["eastron_sdm630", "--load-kw", "nan"], "--load-kw nan: must be 0 to 60"),
        (["eastron_sdm630", "--load-kw", "inf"], "--load-kw inf: must be 0 to 60"),
        (["eastron_sdm630", "--load-kw", "-1"], "--load-kw -1.0: must be 0 to 60"),
        (["eastron_sdm630", "--baudrate", "9"], "--baudrate 9: must be 1200 to"),
        (["eastron_sdm630", "--stopbits", "3"], "--stopbits 3: must be 1 to 2"),
        (["eastron_sdm630", "--parity", "mark"], "must be one of none, even, odd"),
        (["eastron_sdm630", "--power-cut-after", "-1"], "--power-cut-after -1.0: must"),
        (["eastron_sdm630", "--power-cut-for", "nan"], "--power-cut-for nan: must be"),
        (["eastron_sdm630", "--key-size", "256"], "--key-size: eastron_sdm630 has no"),
        (["iskra_wm3m4c", "--pad-byte", "20"], "--pad-byte: iskra_wm3m4c has no such"),
        (["bauer_bsm_ws36a", "--non-minimal-der"], "--non-minimal-der: bauer_bsm_ws3"),
        (["carlo_gavazzi_em580", "--pad-byte", "100"], "--pad-byte 256: must be 0 to"),
        (["eastron_sdm630", "--link", "/nowhere/meter"], "/nowhere/meter: cannot make"),
        (["eastron_sdm630", "--link", "/dev/null"], "/dev/null: exists and is no link"),
        (["eastron_sdm630", "--link", "/"], "/: exists and is no link"),
    ],
)
def test_what_cannot_be_carried_out_is_said_in_one_line(capsys, stopped, words, said):
    assert command.run(parse(*words), stop=stopped) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert err.count("\n") == 1
    assert not out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["carlo_gavazzi_em580", "--key-size", "512"], "argument --key-size"),
        (["carlo_gavazzi_em580", "--pad-byte", "XY"], "argument --pad-byte"),
    ],
)
def test_a_word_that_is_none_of_those_there_are_is_refused(capsys, words, named):
    with pytest.raises(SystemExit) as ended:
        parse(*words)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["carlo_gavazzi_em580", "--key-size", "256", "--pad-byte", "20"],
        ["carlo_gavazzi_em580", "--key-size", "none"],
        ["iskra_wm3m4c", "--non-minimal-der"],
        ["bauer_bsm_ws36a", "--power-cut-after", "5", "--power-cut-for", "0.5"],
    ],
)
def test_a_meter_that_signs_can_be_chosen_in_its_kinds(capsys, stopped, words):
    assert command.run(parse(*words), stop=stopped) == 0
    assert capsys.readouterr().out.startswith(f"{words[0]} unit 1 answers on ")


def test_what_is_chosen_reaches_the_meter():
    words = ["carlo_gavazzi_em580", "--key-size", "256", "--power-cut-after", "5"]
    meter = command._meter(parse(*words))

    def answer_at(seconds):
        request = seal(bytes.fromhex("01 04 24FF 0001"))
        return meter.answer(request, elapsed_ns=round(seconds * 1e9))

    assert answer_at(4.9) == seal(bytes.fromhex("01 04 02 0000"))
    assert [answer_at(seconds) for seconds in (5, 6, 11.9)] == [None] * 3
    assert answer_at(12) is not None


@pytest.mark.slow
@pytest.mark.system
def test_a_process_of_its_own_signs(tmp_path):
    words = ["iskra_wm3m4c", "--link", str(tmp_path / "meter"), "--baudrate", "115200"]
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            process.stdout.readline()
            with serial.Serial(words[2], 115200, timeout=5) as port:
                instrument = minimalmodbus.Instrument(port, 1)
                assert instrument.read_string(1, 8, functioncode=4)[:6] == "WM3M4C"
                instrument.write_register(7051, 0x4200, functioncode=6)
                assert instrument.read_register(7052) == 128  # it has no time
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_and_removes_the_link(tmp_path, number):
    link = tmp_path / "meter"
    words = ["eastron_sdm630", "--link", str(link), "--baudrate", "115200"]
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            ready = process.stdout.readline()
            assert f"(link {link})" in ready
            with serial.Serial(str(link), 115200, timeout=5) as port:
                instrument = minimalmodbus.Instrument(port, 1)
                assert instrument.read_float(0x0046, functioncode=4) > 49
            process.send_signal(number)
            assert process.wait() == 0
        finally:
            process.kill()
    assert not link.is_symlink()

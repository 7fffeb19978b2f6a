# SPDX-License-Identifier: Apache-2.0
"""The worked example of sampler/meters/README.md: what it says to do, done."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from ipc.sample import QUANTITIES, is_present
from sampler import registermap
from sampler.plan import plan
from sampler.simulator import quantities, registry
from sampler.simulator.errors import UnfitProfileError
from sampler.simulator.load import Load
from sampler.simulator.meter import Meter
from sampler.wire import Wire
from tests.sampler.served import SimulatedBus
from tests.sampler.specimens import decoded, memory_with
from tests.sampler.tables import VECTORS, fact

README = (Path(registermap.MODELS) / "README.md").read_text()
STEPS = README.partition("## Add a meter in five steps")[2].partition("##")[0]


def block(language: str) -> str:
    """Give the one code block of a language that the README has."""
    [found] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return found


def facts():
    return [fact(row) for row in csv.DictReader(block("csv").splitlines())]


@pytest.fixture
def example(tmp_path):
    path = tmp_path / "ex3.toml"
    path.write_text(block("toml"))
    return str(path)


def test_there_are_five_steps_and_what_they_name_is_there():
    assert re.findall(r"^(\d)\. ", STEPS, re.MULTILINE) == list("12345")
    commands = set(re.findall(r"powermeter-sampler ([a-z-]+)", STEPS))
    assert commands == {"import-moddef", "read", "models", "simulate"}
    assert (VECTORS / "register_facts.csv").is_file()


def test_its_table_of_registers_has_the_columns_of_ours():
    ours = (VECTORS / "register_facts.csv").read_text().splitlines()[1]
    assert block("csv").splitlines()[0] == ours


def test_the_profile_shows_what_its_table_of_registers_says(example):
    """Step 4, as tests/sampler/test_profile_registers.py does it for every model."""
    memory, expected = memory_with(facts())
    values = decoded(example, memory)
    shown = {quantity for quantity, value in values.items() if is_present(value)}
    assert shown == set(expected) == set(registermap.load(example).registers)
    for quantity, value in expected.items():
        assert values[quantity] == pytest.approx(value, rel=1e-12), quantity


def test_a_table_that_says_otherwise_is_noticed(example):
    wrong = [msgspec.structs.replace(each, worth=10 * each.worth) for each in facts()]
    memory, expected = memory_with(wrong)
    values = decoded(example, memory)
    assert all(values[quantity] != value for quantity, value in expected.items())


def test_simulated_by_its_path_it_shows_what_the_load_is(example):
    bus = SimulatedBus(Meter(registry.find(example), seed=3, load_w=11_000))
    loaded = registermap.load(example)
    planned = plan(loaded, Wire(baudrate=9600, bits=11))
    result = planned.decode([bus.read(1, each) for each in planned.blocks])
    assert result.implausible == ()
    state = Load(seed=3, power_w=11_000).at(20_000_000_000)
    wiring = quantities.wiring_of(loaded.registers)
    for quantity, value in zip(QUANTITIES, result.values, strict=True):
        if quantity in loaded.registers:
            true = quantities.shown(quantity.value, wiring)(state)
            count = 1_000 if quantity.is_energy else 0.1
            assert value == pytest.approx(true, rel=2e-7, abs=count), quantity


@pytest.mark.slow
@pytest.mark.system
def test_it_is_simulated_and_read_as_the_readme_says(example, tmp_path):
    link = str(tmp_path / "ex3")
    command = [sys.executable, "-m", "sampler"]
    with subprocess.Popen(
        [*command, "simulate", example, "--link", link],
        stdout=subprocess.PIPE,
        text=True,
    ) as simulator:
        try:
            assert f"(link {link})" in simulator.stdout.readline()
            told = subprocess.run(
                [*command, "read", example, "--port", link, "--unit-id", "1", "--json"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            simulator.terminate()
            assert simulator.wait() == 0
        finally:
            simulator.kill()
    values = msgspec.json.decode(told)["values"]
    assert set(values) == {each.quantity.value for each in facts()}
    assert values["voltage_l1_v"] == pytest.approx(230, rel=0.05)


@pytest.mark.parametrize(
    "content",
    [
        b"[meter",
        b"\xff",
        b"",
        b"meter = 1",
        b"like = 'acme_1'",
        b"[meter]\nfunction_code = 3\n[registers]\npower_w = { address = 1 }",
        b"[meter]\nfunction_code = 3\n[registers]\npower = { address = 1, encoding = 'int16' }",
        b"[meter]\nfunction_code = 3\n[registers]\npower_w = { address = '1', encoding = 'int16' }",
        b"[meter]\nfunction_code = 3\n[registers]\npower_w = { address = 1, encoding = 'float16' }",
        b"[meter]\nfunction_code = 3\n[registers]\npower_w = { address = 1, encoding = 'int16', scale = 0 }",
        b"[meter]\nfunction_code = 3\n[limits]\nlargest_block = 'x'\n[registers]\n",
    ],
)
def test_a_file_of_the_users_that_is_no_profile_is_refused_by_name(content, tmp_path):
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    with pytest.raises(UnfitProfileError, match=r"(my|acme_1)\.toml: "):
        registry.find(str(path))

# SPDX-License-Identifier: Apache-2.0
"""The list of models: for a person, for a script, and in the README."""

import argparse
from pathlib import Path

import msgspec
import pytest

from sampler import registermap
from sampler.tools import models

README = Path(registermap.__file__).parent / "README.md"


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    models.add_arguments(parser)
    return models.run(parser.parse_args(words))


def test_every_model_is_listed_with_its_status_and_its_sources(capsys):
    assert run() == 0
    out = capsys.readouterr().out
    for name in registermap.names():
        header = registermap.load(name).meter
        line = next(line for line in out.splitlines() if line.startswith(f"{name} "))
        assert f"{header.vendor} {header.model}" in line
        assert f"({header.status.value})" in line
        assert all(source in out for source in header.sources)
    assert out.endswith(f"{len(registermap.names())} models\n")


def test_a_script_gets_the_same_as_json(capsys):
    assert run("--json") == 0
    listed = msgspec.json.decode(capsys.readouterr().out, type=list[models.ModelRow])
    assert listed == models.rows()


@pytest.mark.parametrize(
    ("name", "wiring", "shows"),
    [
        (
            "eastron_sdm120",
            "1 phase",
            ["V", "A", "W", "var", "Hz", "kWh in", "kWh out"],
        ),
        ("eastron_sdm72", "3 phases", ["W", "kWh in", "kWh out"]),
        ("generic_ddm18sd", "1 phase", ["V", "A", "W", "var", "Hz", "kWh in"]),
        (
            "acrel_djsf1352_rn",
            "direct current",
            ["V", "A", "W", "°C", "kWh in", "kWh out"],
        ),
    ],
)
def test_a_row_says_what_a_meter_shows(name, wiring, shows):
    row = next(row for row in models.rows() if row.name == name)
    assert (row.wiring, row.shows) == (wiring, shows)


def test_the_readme_lists_what_there_is():
    """Refresh it with `powermeter-sampler models --markdown`."""
    text = README.read_text()
    begin, end = text.index(models.BEGIN), text.index(models.END) + len(models.END)
    assert text[begin:end] == models.markdown(models.rows())


def test_the_markdown_of_a_terminal_is_that_of_the_readme(capsys):
    assert run("--markdown") == 0
    assert capsys.readouterr().out.rstrip("\n") in README.read_text()

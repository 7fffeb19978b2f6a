# SPDX-License-Identifier: Apache-2.0
"""What a scan found, in words and as a configuration."""

import tomllib

from ipc.config import Parity
from sampler import registermap
from sampler.tools import findings
from sampler.tools.identify import UNKNOWN, Identification
from sampler.tools.line import LineSettings
from sampler.tools.scanner import Found

PROFILES = {name: registermap.load(name) for name in ("abb_b23", "abb_b24")}
EVEN = LineSettings(baudrate=19200, parity=Parity.EVEN)


def found(unit_id, what=UNKNOWN, settings=EVEN):
    return Found(settings=settings, unit_id=unit_id, identification=what)


B23 = Identification(models=("abb_b23",), is_certain=True, serial_number="1234")
EITHER = Identification(models=("abb_b23", "abb_b24"))


def test_a_meter_that_says_what_it_is_is_named_without_reserve():
    assert findings.sentence(found(3, B23), PROFILES) == (
        "unit 3 at 19200 baud 8E1: ABB B23, serial number 1234"
    )


def test_a_guess_is_called_one_and_names_what_else_fits():
    said = findings.sentence(found(3, EITHER), PROFILES)
    assert "ABB B23 by its values, not for certain" in said
    assert said.endswith("fits as well: abb_b24")


def test_an_unknown_meter_is_said_to_be_one():
    assert "no model of ours" in findings.sentence(found(3), PROFILES)


def test_the_configuration_of_one_line_is_one_bus():
    text = "\n".join(findings.toml([found(9), found(3, B23)], "/dev/ttyUSB0"))
    (bus,) = tomllib.loads(text)["bus"]
    assert (bus["baudrate"], bus["parity"], bus["stopbits"]) == (19200, "even", 1)
    assert [(it["unit_id"], it["model"]) for it in bus["meter"]] == [
        (3, "abb_b23"),
        (9, "unknown"),
    ]
    assert "put its model here" in text


def test_meters_of_two_settings_are_two_buses_and_a_warning():
    other = found(1, B23, LineSettings())
    text = "\n".join(findings.toml([found(3, EITHER), other], "/dev/ttyUSB0"))
    assert len(tomllib.loads(text)["bus"]) == 2
    assert "The same port cannot stand twice" in text
    assert "fits: abb_b23, abb_b24" in text


def test_a_strange_path_is_quoted_as_toml_has_it():
    text = "\n".join(findings.toml([found(1)], 'C:\\"port"'))
    assert tomllib.loads(text)["bus"][0]["port"] == 'C:\\"port"'

# SPDX-License-Identifier: Apache-2.0
"""ModDef documents, written from the format's documentation, to profiles of ours."""

import argparse
import sys

import msgspec
import pytest

from ipc.sample import Quantity
from sampler import registermap
from sampler.encoding import Encoding, Unavailable, WordOrder
from sampler.registermap import Exponent, Register
from sampler.tools import moddef
from tests.sampler.tools.moddefs import ENERGY, document_of, point

METER = """
doc_id: acme.meter
version: 1.2.0
imports:
  - uri: moddef:stdlib:measurands:1.0.0
devices:
  - device_id: acme-meter
    vendor: Acme
    model: M3 "C"
    blocks:
      - block_id: live
        space: INPUT_REGISTER
        points:
          - point_id: voltage_l1
            storage_type: S32
            mapping: { offset: 0, length_words: 2, word_order: WORD_LITTLE_ENDIAN }
            transform: { scale: { numerator: 1, denominator: 10 } }
            unit: V
            measurand: { base_quantity: voltage, phase_ref: L1_N }
            na_values: [{ raw: 2147483647, meaning: over_range }]
          - point_id: power
            storage_type: S32
            mapping: { offset: 40, word_order: WORD_LITTLE_ENDIAN }
            unit: kW
            measurand: { base_quantity: active_power, aggregation: TOTAL }
          - point_id: frequency
            storage_type: U16
            mapping: { space: INPUT_REGISTER, offset: 51 }
            transform: { scale: { numerator: 1, denominator: 10 } }
            unit: Hz
            measurand: { base_quantity: frequency }
          - point_id: import_total
            storage_type: U64
            mapping: { space: HOLDING_REGISTER, offset: 1280, length_words: 4 }
            unit: Wh
            measurand: { base_quantity: energy_active, direction: IMPORT }
          - point_id: import_session
            storage_type: U32
            mapping: { offset: 1290 }
            unit: Wh
            measurand:
              { base_quantity: energy_active, direction: IMPORT, accumulation: SESSION }
          - point_id: power_factor
            storage_type: S16
            mapping: { offset: 49 }
            unit: "1"
            measurand: { base_quantity: power_factor }
          - point_id: serial_number
            storage_type: STRING_ASCII
            mapping: { offset: 20480, length_words: 7 }
"""

COMPOSED = """
doc_id: acme.composed
version: 1.0.0
devices:
  - vendor: Acme
    model: T
    blocks:
      - space: INPUT_REGISTER
        points:
          - point_id: current_l2
            storage_type: COMPOSED
            mapping:
              offset: 128
              length_words: 2
              composed:
                kind: MANTISSA_EXPONENT
                base: 10
                mantissa: { offset: 0, storage_type: U32, bit_offset: 0, bit_length: 24 }
                exponent: { offset: 0, storage_type: S16, bit_offset: 24, bit_length: 8 }
            unit: A
            measurand: { base_quantity: current, phase_ref: L2 }
          - point_id: counter
            storage_type: COMPOSED
            mapping:
              offset: 414
              length_words: 6
              composed:
                kind: MANTISSA_EXPONENT
                exponent: { offset: 0, length_words: 1, storage_type: S16 }
                mantissa: { offset: 4, length_words: 2, storage_type: S32 }
            unit: Wh
            measurand: { base_quantity: energy_active, direction: EXPORT }
          - point_id: volts_sf
            storage_type: S16
            mapping: { space: HOLDING_REGISTER, offset: 40105 }
          - point_id: volts
            storage_type: S16
            mapping: { space: HOLDING_REGISTER, offset: 40098 }
            transform: { scale_ref: { point_id: volts_sf, mode: POW10 } }
            unit: V
            measurand: { base_quantity: voltage, phase_ref: L1 }
            na_values: [{ raw: -32768, meaning: not_implemented }]
"""


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    moddef.add_arguments(parser)
    return moddef.run(parser.parse_args(words))


@pytest.fixture
def imported(tmp_path, capsys):
    def load(text: str) -> tuple[registermap.Profile, str]:
        document, output = tmp_path / "a.moddef.yaml", tmp_path / "own.toml"
        document.write_text(text)
        assert run(str(document), "--output", str(output)) == 0
        return registermap.load(str(output)), capsys.readouterr().err

    return load


def test_points_become_registers(imported):
    profile, _ = imported(METER)
    header = profile.meter
    assert (header.vendor, header.model) == ("Acme", 'M3 "C"')
    assert header.sources == ["ModDef acme.meter 1.2.0"]
    assert header.status.value == "inferred"
    assert header.function_code == 4
    assert header.word_order is WordOrder.LOW_FIRST
    assert header.unavailable is Unavailable.LARGEST
    assert profile.registers == {
        Quantity.VOLTAGE_L1_V: Register(address=0, encoding=Encoding.INT32, scale=0.1),
        Quantity.POWER_W: Register(address=40, encoding=Encoding.INT32, scale=1000),
        Quantity.FREQUENCY_L1_HZ: Register(
            address=51, encoding=Encoding.UINT16, scale=0.1
        ),
        Quantity.ENERGY_IMPORT_MWH: Register(
            address=1280,
            encoding=Encoding.UINT64,
            scale=1000,
            function_code=3,
            word_order=WordOrder.HIGH_FIRST,
        ),
    }


def test_what_could_not_be_mapped_is_said_with_its_reason(imported):
    _, told = imported(METER)
    assert told.splitlines() == [
        "left out: import_session: a counter that starts anew",
        "left out: power_factor: no quantity of ours: power_factor",
        "4 quantities taken, 2 points left out",
    ]


def test_exponents_are_found_inside_apart_and_as_scale_factors(imported):
    profile, _ = imported(COMPOSED)
    assert profile.registers == {
        Quantity.CURRENT_L2_A: Register(address=128, encoding=Encoding.ISKRA_T5),
        Quantity.ENERGY_EXPORT_MWH: Register(
            address=418,
            encoding=Encoding.INT32,
            scale=1000,
            exponent="counter_exponent",
        ),
        Quantity.VOLTAGE_L1_V: Register(
            address=40098, encoding=Encoding.INT16, function_code=3, exponent="volts_sf"
        ),
    }
    assert profile.exponents == {
        "counter_exponent": Exponent(address=414),
        "volts_sf": Exponent(address=40105, function_code=3),
    }
    assert profile.meter.unavailable is Unavailable.SUNSPEC


def test_without_an_output_the_profile_goes_to_stdout(tmp_path, capsys):
    document = tmp_path / "a.yaml"
    document.write_text(METER)
    assert run(str(document)) == 0
    out = capsys.readouterr().out
    assert out == moddef.import_device(moddef._load(document)).toml


def test_a_name_over_two_lines_does_not_break_the_profile():
    document = document_of(point(**ENERGY, unit="kWh")) | {"doc_id": "a\n[meter]\nb"}
    moddef._check(moddef.import_device(document).toml)


def test_of_several_devices_the_first_is_taken():
    document = document_of(point())
    document["devices"].append({"device_id": "second", "blocks": []})
    imported = moddef.import_device(document)
    assert imported.left_out == ["second: only the first device"]


def test_of_two_points_for_one_quantity_the_first_is_taken():
    imported = moddef.import_device(document_of(point(), point(point_id="q")))
    assert imported.count == 1
    assert imported.left_out == ["q: power_w is taken already"]


def test_a_document_without_anything_for_us_is_told_so(tmp_path, capsys):
    path = tmp_path / "a.yaml"
    path.write_bytes(msgspec.json.encode(document_of(point(unit="VA"))))
    assert run(str(path)) == moddef.NOTHING_MAPPED
    assert "no point of it is a quantity of ours" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1, 2", "not valid YAML"),
        ("- 1", "not a ModDef document"),
        ("devices: 3", "not a ModDef document"),
        ("devices: [{ blocks: [{ points: [{ measurand: 1 }] }] }]", "not a ModDef"),
        ("!!python/object:os.system {}", "not valid YAML"),
    ],
)
def test_what_is_no_document_is_refused_in_one_line(tmp_path, capsys, text, told):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert run(str(path)) == moddef.USAGE_ERROR
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_file_that_is_not_there_is_told(tmp_path, capsys):
    assert run(str(tmp_path / "none.yaml")) == moddef.USAGE_ERROR
    assert "none.yaml: No such file" in capsys.readouterr().err


def test_a_file_that_is_too_large_is_refused(tmp_path, capsys):
    path = tmp_path / "a.yaml"
    path.write_text("#" * 1_000_001)
    assert run(str(path)) == moddef.USAGE_ERROR
    assert "larger than" in capsys.readouterr().err


def test_without_pyyaml_the_remedy_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    path = tmp_path / "a.yaml"
    path.write_text(METER)
    assert run(str(path)) == moddef.USAGE_ERROR
    assert "everest-powermeter[moddef]" in capsys.readouterr().err

# SPDX-License-Identifier: Apache-2.0
"""Every register of every profile, against tables that know nothing of profiles."""

import csv
import functools
import math
import struct
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from ipc.sample import QUANTITIES, Quantity, is_present
from sampler import registermap
from sampler.plan import plan
from sampler.registermap import Status
from sampler.wire import Wire

VECTORS = Path(__file__).parents[1] / "vectors"
WIRE = Wire(baudrate=9600, bits=10)
MODELS = sorted(registermap.names())


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Where an independent table says a quantity stands, and what a count is worth."""

    quantity: Quantity
    function_code: int
    address: int
    type: str
    low_first: bool
    worth: Fraction
    exponent_address: int | None = None


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((VECTORS / name).read_text().splitlines()[1:]))


@functools.cache
def facts() -> dict[str, list[Fact]]:
    """Read the table that was transcribed from several works."""
    found: dict[str, list[Fact]] = {}
    for row in rows("register_facts.csv"):
        fact = Fact(
            quantity=Quantity(row["quantity"]),
            function_code=int(row["function_code"]),
            address=int(row["address"]),
            type=row["type"],
            low_first=row["word_order"] == "low-first",
            worth=Fraction(int(row["numerator"]), int(row["denominator"])),
            exponent_address=int(row["exponent_address"] or 0) or None,
        )
        found.setdefault(row["model"], []).append(fact)
    return found


MBMD_MODELS = {
    "ABB": "abb_b23",
    "CGEM24": "carlo_gavazzi_em24",
    "CGEM24_E1": "carlo_gavazzi_em24_e1",
    "CGEX3X0": "carlo_gavazzi_em340",
    "DDM": "generic_ddm18sd",
    "DMG610": "lovato_dmg610",
    "DS100": "bg_etech_ds100",
    "DTSU666": "chint_dtsu666",
    "DZG": "dzg_dvh4013",
    "ELTAKODSZ15": "eltako_dsz15dzmod",
    "ELTAKODSZ16": "eltako_dsz16",
    "FIND7M24": "finder_7m24",
    "FIND7M38": "finder_7m38",
    "IEM3000": "schneider_iem3155",
    "INEPRO": "inepro_pro380",
    "JANITZA": "janitza_b23",
    "MPM": "bernecker_mpm3pm",
    "ORNO1P504": "orno_we_504",
    "ORNO1p": "orno_we_514",
    "ORNO1p525": "orno_we_525",
    "ORNO3p": "orno_we_517",
    "PAC2200": "siemens_pac2200",
    "SBC": "saia_burgess_ale3",
    "SDM": "eastron_sdm630",
    "SDM120": "eastron_sdm120",
    "SDM220": "eastron_sdm220",
    "SDM230": "eastron_sdm230",
    "SDM54": "eastron_sdm54",
    "SDM72": "eastron_sdm72",
    "SDM72V2": "eastron_sdm72_v2",
    "SEMTR": "solaredge_se_mtr_3y",
    "WAGO87930": "wago_879_30xx",
    "WS100": "bg_etech_ws100",
    "X961A": "eastron_x96_1a",
}

MBMD_ERRORS = {
    ("CGEM24", "Import"),  # the counter that can be reset; evcc#17173
    ("DS100", "Export"),  # against its neighbours and its sister WS100
    ("SBC", "Export"),  # tariff 2 on the meters that have no export
    *(("SBC", f"Power{phase}") for phase in ("", "L1", "L2", "L3")),  # 0.01 kW
    *(("SBC", f"ReactivePower{phase}") for phase in ("", "L1", "L2", "L3")),
}
"""What mbmd says and the profiles do not follow; each profile gives the reason."""

MBMD_NAMES = {
    "Voltage": "voltage{}_v",
    "Current": "current{}_a",
    "Power": "power{}_w",
    "ReactivePower": "reactive_power{}_var",
    "Import": "energy_import{}_mwh",
    "Export": "energy_export{}_mwh",
}

MBMD_TYPES = {"uint": "u", "int": "s", "float": "f"}


def mbmd_quantity(name: str, others: set[str]) -> str | None:
    """Translate mbmd's word; a single phase's is L1's, a lone sum is the import."""
    if name == "Frequency":
        return "frequency_l1_hz"
    if name == "ImportPower":
        return "power_w"
    if name == "Sum" and "Import" not in others:
        return "energy_import_mwh"
    if name in ("Voltage", "Current"):
        return MBMD_NAMES[name].format("_l1") if f"{name}L1" not in others else None
    word, phase = (name[:-2], f"_l{name[-1]}") if name[-2:-1] == "L" else (name, "")
    return MBMD_NAMES[word].format(phase) if word in MBMD_NAMES else None


@functools.cache
def mbmd() -> dict[str, list[Fact]]:
    """Read mbmd's table, in its units: V, A, W, var, Hz, kWh."""
    found: dict[str, list[Fact]] = {}
    measurements: dict[str, set[str]] = {}
    for row in rows("mbmd_registers.csv"):
        measurements.setdefault(row["meter"], set()).add(row["measurement"])
    for row in rows("mbmd_registers.csv"):
        meter, name = row["meter"], row["measurement"]
        quantity = mbmd_quantity(name, measurements[meter])
        if quantity is None or (meter, name) in MBMD_ERRORS:
            continue
        kind, _, order = row["type"].partition(" ")
        unit = 1_000_000 if quantity.startswith("energy") else 1
        fact = Fact(
            quantity=Quantity(quantity),
            function_code=int(row["function_code"]),
            address=int(row["address"]),
            type=MBMD_TYPES[kind.rstrip("0123456789")] + kind[-2:],
            low_first=order == "low-word-first",
            worth=unit / Fraction(row["divisor"]),
        )
        found.setdefault(MBMD_MODELS[meter], []).append(fact)
    return found


INTEGERS = {"16": 1234, "32": 0x01234567, "64": 0x0102030405}


def specimen(fact: Fact, number: int) -> tuple[float, bytes]:
    """Give a count no other register has, and its bytes, high word first."""
    kind, bits = fact.type[0], fact.type[1:]
    if kind == "f":
        data = struct.pack(">f" if bits == "32" else ">d", 1234.56 + number)
        return struct.unpack(">f" if bits == "32" else ">d", data)[0], data
    if kind == "T":
        mantissa = 123456 + number if bits == "5" else -123456 - number
        return mantissa / 1000, b"\xfd" + mantissa.to_bytes(3, signed=mantissa < 0)
    count = INTEGERS[bits] + number
    if kind == "s" and not fact.quantity.is_energy:
        count = -count
    return count, count.to_bytes(int(bits) // 8, signed=kind == "s")


EXPONENT = -2


def memory_with(
    table: list[Fact],
) -> tuple[dict[int, bytearray], dict[Quantity, float]]:
    """Write a specimen of every fact where it says, and note what must come out."""
    memory = {3: bytearray(0x20000), 4: bytearray(0x20000)}
    expected: dict[Quantity, float] = {}
    for number, fact in enumerate(table):
        count, data = specimen(fact, number)
        if fact.low_first:
            words = [data[at : at + 2] for at in range(0, len(data), 2)]
            data = b"".join(reversed(words))
        cells = memory[fact.function_code]
        cells[2 * fact.address : 2 * fact.address + len(data)] = data
        value = Fraction(count) * fact.worth
        if fact.exponent_address is not None:
            value *= Fraction(10) ** EXPONENT
            at = 2 * fact.exponent_address
            cells[at : at + 2] = EXPONENT.to_bytes(2, signed=True)
        expected[fact.quantity] = (
            (
                round(value)
                if isinstance(count, float)
                else value.numerator // value.denominator
            )
            if fact.quantity.is_energy
            else float(value)
        )
    return memory, expected


def decoded(model: str, memory: dict[int, bytearray]) -> dict[Quantity, float]:
    planned = plan(registermap.load(model), WIRE)
    answers = [
        bytes(memory[b.function_code][2 * b.address : 2 * (b.address + b.count)])
        for b in planned.blocks
    ]
    values = planned.decode(answers)
    assert values.implausible == ()
    return dict(zip(QUANTITIES, values.values, strict=True))


@pytest.mark.parametrize("model", sorted(facts()))
def test_each_register_shows_what_the_transcribed_table_says(model):
    memory, expected = memory_with(facts()[model])
    if model == "acrel_djsf1352_rn":  # its exponent registers are never negative
        for at in (2, 6, 18):
            memory[3][at : at + 2] = (1).to_bytes(2)
        expected |= {
            q: 1000 * expected[q] for q in expected if q.endswith(("_v", "_a"))
        }
        expected[Quantity.POWER_W] *= 1000
    values = decoded(model, memory)
    for quantity, value in expected.items():
        assert values[quantity] == pytest.approx(value, rel=1e-12), quantity
        assert isinstance(values[quantity], int) == quantity.is_energy


@pytest.mark.parametrize("model", sorted(mbmd()))
def test_each_register_shows_what_mbmd_says(model):
    memory, expected = memory_with(mbmd()[model])
    values = decoded(model, memory)
    for quantity, value in expected.items():
        assert values[quantity] == pytest.approx(value, rel=1e-12), quantity


@pytest.mark.parametrize("model", MODELS)
def test_no_register_stands_in_a_profile_alone(model):
    known = {
        fact.quantity for fact in (*facts().get(model, ()), *mbmd().get(model, ()))
    }
    assert set(registermap.load(model).registers) - known == set()


@pytest.mark.parametrize("model", sorted(facts().keys() & mbmd().keys()))
def test_where_both_tables_list_a_register_they_agree(model):
    transcribed = {fact.quantity: fact for fact in facts()[model]}
    both = [fact for fact in mbmd()[model] if fact.quantity in transcribed]
    assert both
    for fact in both:
        other = transcribed[fact.quantity]
        assert fact.type[1:] == "16" or fact.low_first == other.low_first
        assert fact == msgspec.structs.replace(other, low_first=fact.low_first)


def test_every_type_of_mbmd_has_its_profile():
    assert {row["meter"] for row in rows("mbmd_registers.csv")} == set(MBMD_MODELS)
    assert set(MBMD_MODELS.values()) <= set(MODELS)


def test_there_are_more_than_45_models():
    assert len(MODELS) > 45


@pytest.mark.parametrize("model", MODELS)
def test_a_model_says_two_sources_only_where_it_names_two(model):
    header = registermap.load(model).meter
    assert header.status is not Status.TWO_SOURCES or len(header.sources) > 1
    assert header.status is not Status.HARDWARE_VERIFIED, "none was, so far"


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_read_within_its_limits_and_without_mixing_functions(model):
    profile = registermap.load(model)
    planned = plan(profile, WIRE)
    assert all(block.count <= profile.limits.largest_block for block in planned.blocks)
    for quantity, register in profile.registers.items():
        code = register.function_code or profile.meter.function_code
        holders = [
            block
            for block in planned.blocks
            if block.function_code == code
            and block.optional == register.optional
            and block.address <= register.start
            and register.end <= block.address + block.count
        ]
        assert holders, quantity


@pytest.mark.parametrize("model", MODELS)
def test_a_file_is_named_for_its_vendor_and_has_no_address_twice(model):
    profile = registermap.load(model)
    vendor = profile.meter.vendor.lower().replace("+", "").replace("-", "")
    assert model.split("_")[0] in vendor
    places = [
        (register.function_code, register.address)
        for register in profile.registers.values()
    ]
    assert len(places) == len(set(places))


def test_a_refused_optional_register_leaves_the_others():
    planned = plan(registermap.load("carlo_gavazzi_em24"), WIRE)
    answers = [None if b.optional else bytes(2 * b.count) for b in planned.blocks]
    values = dict(zip(QUANTITIES, planned.decode(answers).values, strict=True))
    assert not is_present(values[Quantity.ENERGY_EXPORT_MWH])
    assert values[Quantity.ENERGY_IMPORT_MWH] == 0


def test_the_power_of_a_meter_that_counts_both_ways_is_their_difference():
    memory = {3: bytearray(0x20000)}
    memory[3][0:8] = (1000).to_bytes(4) + (2500).to_bytes(4)
    assert decoded("dzg_dvh4013", memory)[Quantity.POWER_W] == -150.0


@pytest.mark.parametrize(
    ("address", "data", "quantity"),
    [
        (0x5B00, b"\xff" * 4, Quantity.VOLTAGE_L1_V),
        (0x5B14, b"\x7f" + b"\xff" * 3, Quantity.POWER_W),
        (0x5000, b"\xff" * 8, Quantity.ENERGY_IMPORT_MWH),
    ],
)
def test_what_an_abb_does_not_have_is_absent_and_not_implausible(
    address, data, quantity
):
    memory = {3: bytearray(0x20000)}
    memory[3][2 * address : 2 * address + len(data)] = data
    values = decoded("abb_b23", memory)
    assert not is_present(values[quantity])
    assert is_present(values[Quantity.CURRENT_L1_A])


def test_a_sunspec_value_without_its_scale_factor_is_absent():
    memory = {3: bytearray(0x20000)}
    memory[3][2 * 40105 : 2 * 40106] = b"\x80\x00"
    memory[3][2 * 40093 : 2 * 40094] = b"\x80\x00"
    values = decoded("bauer_bsm_ws36a", memory)
    absent = {quantity for quantity in QUANTITIES if not is_present(values[quantity])}
    assert {
        Quantity.VOLTAGE_L1_V,
        Quantity.VOLTAGE_L3_V,
        Quantity.CURRENT_L1_A,
    } <= absent
    assert not math.isnan(values[Quantity.CURRENT_L2_A])

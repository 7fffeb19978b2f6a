# SPDX-License-Identifier: Apache-2.0
"""What independent works say of the registers of each model.

Two tables, in tests/vectors, neither of which knows anything of profiles: one that was
transcribed from several works, and mbmd's.
"""

import csv
import functools
from fractions import Fraction
from pathlib import Path

import msgspec

from ipc.sample import Quantity

VECTORS = Path(__file__).parents[1] / "vectors"


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


def fact(row: dict[str, str]) -> Fact:
    """Read a line of the table that was transcribed from several works."""
    return Fact(
        quantity=Quantity(row["quantity"]),
        function_code=int(row["function_code"]),
        address=int(row["address"]),
        type=row["type"],
        low_first=row["word_order"] == "low-first",
        worth=Fraction(int(row["numerator"]), int(row["denominator"])),
        exponent_address=int(row["exponent_address"] or 0) or None,
    )


@functools.cache
def facts() -> dict[str, list[Fact]]:
    """Read the table that was transcribed from several works."""
    found: dict[str, list[Fact]] = {}
    for row in rows("register_facts.csv"):
        found.setdefault(row["model"], []).append(fact(row))
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
        known = Fact(
            quantity=Quantity(quantity),
            function_code=int(row["function_code"]),
            address=int(row["address"]),
            type=MBMD_TYPES[kind.rstrip("0123456789")] + kind[-2:],
            low_first=order == "low-word-first",
            worth=unit / Fraction(row["divisor"]),
        )
        found.setdefault(MBMD_MODELS[meter], []).append(known)
    return found

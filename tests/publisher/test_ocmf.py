# SPDX-License-Identifier: Apache-2.0
"""What compose() writes: exact, in printable ASCII, and nothing that is not true."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from publisher import ocmf
from publisher.errors import OcmfError
from publisher.ocmf import Cause, MeterState, Register, Source, Sync, Unit, Unusable
from tests.strategies_ocmf import (
    BEGIN,
    END,
    SOURCE,
    asked,
    changed,
    composed,
    transactions,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "ocmf_gateway_vectors.jsonl"


def fields(payload: str):
    return msgspec.json.Decoder(float_hook=str).decode(payload)


def test_a_transaction_is_written_as_the_record_that_every_verifier_accepted():
    line = VECTORS.read_text().splitlines()[1]
    accepted = msgspec.json.decode(line)
    assert accepted["id"] == "ok:secp256r1:spec-SA"
    payload = accepted["record"].split("|")[1]
    for local, utc in (
        ("T12:09:16,000+0100", "T11:09:16,000+0000"),
        ("T12:30:30,250+0100", "T11:30:30,250+0000"),
        ('"RD":', '"U1":"5f1e5b3c-6d3f-4b0e-9a55-6f5b3c6d3f4b","RD":'),
    ):
        payload = payload.replace(local, utc)
    assert composed() == payload


@given(parts=transactions())
def test_a_payload_is_printable_ascii_without_a_pipe(parts):
    assert re.fullmatch(r"[ -{}~]+", ocmf.compose(**parts))


@given(parts=transactions())
def test_what_was_given_is_what_a_reader_finds(parts):
    found = fields(ocmf.compose(**parts))
    request, source = parts["request"], parts["source"]
    assert found["PG"] == f"T{parts['pagination']}"
    assert found["GS"] == source.gateway_serial
    assert found.get("MS") == (source.meter_serial or None)
    assert found.get("CF") == (source.controller_firmware or None)
    assert found.get("TT") == request.tariff_text
    assert found.get("ID") == request.identification_data
    assert found["U1"] == request.transaction_id
    assert [entry["TX"] for entry in found["RD"]] == [
        reading.cause for reading in parts["readings"]
    ]
    assert [entry["ST"] for entry in found["RD"]] == [
        reading.state for reading in parts["readings"]
    ]
    assert [entry["EF"] for entry in found["RD"]] == [
        reading.unusable for reading in parts["readings"]
    ]


@given(parts=transactions())
def test_a_reading_has_its_value_with_its_register_or_none_of_both(parts):
    found = fields(ocmf.compose(**parts))
    for entry, reading in zip(found["RD"], parts["readings"], strict=True):
        missing = {"RV", "RI", "RU", "RT"} - entry.keys()
        assert missing == (
            {"RV", "RI", "RU", "RT"} if reading.energy_mwh is None else set()
        )


def test_a_relative_clock_cannot_be_claimed():
    assert "R" not in {sync.value for sync in Sync}


@pytest.mark.parametrize(
    ("tariff", "firmware", "version"),
    [
        (None, None, "1.0"),
        ("0.49 EUR/kWh", None, "1.1"),
        (None, "2.0", "1.3"),
        ("0.49 EUR/kWh", "2.0", "1.3"),
    ],
)
def test_the_version_is_the_lowest_that_has_the_fields(tariff, firmware, version):
    found = fields(
        composed(
            request=asked(tariff_text=tariff),
            source=changed(SOURCE, controller_firmware=firmware),
        )
    )
    assert found["FV"] == version
    assert ("TT" in found, "CF" in found) == (tariff is not None, firmware is not None)


def test_no_field_is_ever_null():
    bare = composed(
        source=Source(meter_serial="1"),
        request=asked(
            tariff_text=None, identification_level=None, identification_data=None
        ),
    )
    assert "null" not in bare
    assert list(fields(bare)) == [
        *("FV", "PG", "MS", "IS", "IF", "IT", "CT", "CI", "U1", "RD")
    ]


@pytest.mark.parametrize(
    "causes", ["", "B", "E", "EB", "BB", "BEE", "BEX", "XBE", "BBE", "BEP", "BX"]
)
def test_readings_other_than_one_begin_and_one_end_are_refused(causes):
    with pytest.raises(OcmfError, match=f"TX: {causes or 'no readings'}: must be"):
        composed(readings=[changed(BEGIN, cause=Cause(cause)) for cause in causes])


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause.is_end])
def test_each_way_to_end_is_an_end(cause):
    found = fields(composed(readings=(BEGIN, changed(END, cause=cause))))
    assert found["RD"][1]["TX"] == cause


def test_a_meter_that_did_not_answer_has_no_value_and_says_so():
    missed = changed(
        END, energy_mwh=None, state=MeterState.TIMEOUT, unusable=Unusable.ENERGY
    )
    found = fields(composed(readings=(BEGIN, missed)))
    assert found["RD"][1] == {
        "TM": "2025-12-17T11:30:30,250+0000 S",
        "TX": "E",
        "EF": "E",
        "ST": "T",
    }


def test_an_exception_may_be_about_the_time_alone():
    away = changed(
        BEGIN,
        cause=Cause.EXCEPTION,
        energy_mwh=None,
        state=MeterState.DISCONNECTED,
        unusable=Unusable.TIME,
    )
    found = fields(composed(readings=(BEGIN, away, END)))
    assert "RV" not in found["RD"][1]
    with pytest.raises(OcmfError, match="RV: no energy"):
        composed(readings=(BEGIN, changed(away, unusable=Unusable.NOTHING), END))


@pytest.mark.parametrize(
    ("state", "unusable"),
    [
        (MeterState.GOOD, Unusable.NOTHING),
        (MeterState.GOOD, Unusable.ENERGY),
        (MeterState.TIMEOUT, Unusable.NOTHING),
        (MeterState.TIMEOUT, Unusable.TIME),
    ],
)
def test_a_missing_value_cannot_be_called_good(state, unusable):
    missed = changed(END, energy_mwh=None, state=state, unusable=unusable)
    with pytest.raises(OcmfError, match="RV: no energy"):
        composed(readings=(BEGIN, missed))


@pytest.mark.parametrize(
    ("unit", "decimals"), [(Unit.KWH, 7), (Unit.WH, 4), (Unit.KWH, -1)]
)
def test_decimals_that_are_not_measured_are_refused(unit, decimals):
    with pytest.raises(OcmfError, match=f"RV: {decimals} decimals of a {unit}"):
        Register(unit=unit, decimals=decimals)


@pytest.mark.parametrize("pagination", [0, -1])
def test_the_pagination_begins_at_one(pagination):
    with pytest.raises(OcmfError, match=f"PG: T{pagination}"):
        composed(pagination=pagination)


@pytest.mark.parametrize(
    "source", [Source(), Source(gateway_serial="", meter_serial="", gateway_id="g")]
)
def test_a_source_without_a_serial_number_is_refused(source):
    with pytest.raises(OcmfError, match="GS, MS"):
        composed(source=source)


@pytest.mark.parametrize(
    ("name", "field", "longest"),
    [("controller_firmware", "CF", 25), ("meter_model", "MM", 100)],
)
def test_a_text_of_the_source_has_a_bound(name, field, longest):
    composed(source=changed(SOURCE, **{name: "x" * longest}))
    with pytest.raises(OcmfError, match=f"{field}: {longest + 1} characters"):
        composed(source=changed(SOURCE, **{name: "x" * (longest + 1)}))

# SPDX-License-Identifier: Apache-2.0
"""What S.A.F.E. would refuse: the rules that no vector shows by itself."""

import msgspec
import pytest

from publisher import transparency
from tests.strategies_ocmf import composed


def usual():
    return msgspec.json.Decoder(float_hook=str).decode(composed())


def complaints(*, begin=None, end=None, **payload):
    """Change fields of the usual payload and give what is said of it."""
    found = usual() | payload
    found["RD"][0] |= begin or {}
    found["RD"][1] |= end or {}
    return list(transparency.complaints(found))


def time_of(entry: int, sync: str) -> str:
    return usual()["RD"][entry]["TM"][:-1] + sync


def test_the_usual_payload_is_accepted():
    assert complaints() == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"PG": ""}, "PG: there is no pagination"),
        ({"FV": ""}, "FV: version ''"),
        ({"FV": "1.4"}, "FV: version '1.4'"),
        ({"FV": "2.0"}, "FV: version '2.0'"),
        ({"IL": "INVALID"}, "IL: INVALID"),
        ({"IL": "OUTDATED"}, "IL: OUTDATED"),
        ({"IL": "UNKNOWN"}, "IL: UNKNOWN"),
        ({"begin": {"ST": "T"}}, "ST: 'T' at B"),
        ({"begin": {"EF": "Et"}}, "EF: 'Et' at B"),
        ({"end": {"RU": "mOhm"}}, "RU: units 'kWh' and 'mOhm'"),
        ({"end": {"RV": "268.977"}}, "RV: the end is lower"),
        ({"end": {"RV": "268978.000", "RU": "Wh"}}, None),
        ({"end": {"RV": "268977.999", "RU": "Wh"}}, "RV: the end is lower"),
        ({"end": {"TM": "2025-12-17T11:09:15,999+0000 S"}}, "TM: the end is before"),
        ({"end": {"TM": "2025-12-17T12:09:15,999+0100 S"}}, "TM: the end is before"),
        (
            {"end": {"TM": "2025-02-30T11:09:15,999+0000 S"}},
            "TM: the time of reading 2",
        ),
        ({"begin": {"TM": time_of(0, "R")}}, "TM: the clock is relative"),
        ({"begin": {"TM": time_of(0, "R")}, "end": {"TM": time_of(1, "R")}}, None),
        (
            {"end": {"TM": time_of(1, "").strip()}},
            "TM: nothing is said of the clock at E",
        ),
        ({"begin": {"RI": "1-0:1.8"}}, "RD: 0 begins and 1 ends"),
        ({"begin": {"RI": "2-0:1.8.0"}}, "RD: 0 begins and 1 ends"),
        ({"begin": {"RI": "1-0:1.7.0"}}, "RD: 0 begins and 1 ends"),
        ({"end": {"RI": "1-0:1.8.0*198"}}, "RD: 1 begins and 0 ends"),
        ({"end": {"RI": "01-00:b0.08.00*ff"}}, None),
        ({"end": {"RI": "01-00:C7.08.00*FF"}}, None),
        ({"end": {"RI": "01-00:AF.08.00*FF"}}, "RD: 1 begins and 0 ends"),
        ({"end": {"RI": "01-00:C8.08.00*FF"}}, "RD: 1 begins and 0 ends"),
        ({"end": {"RI": "01-00:9E.08.00*C8"}}, "RD: 1 begins and 0 ends"),
        ({"end": {"RI": "01-00:9e.08.00*00"}}, None),
        ({"end": {"RI": "01-00:B1.08.00*FF"}}, "RD: 0 begins and 1 ends"),
        ({"end": {"RV": "1e99999"}}, "RD: 1 begins and 0 ends"),
        ({"end": {"RV": "NaN"}}, "RD: 1 begins and 0 ends"),
        ({"end": {"TX": "B"}}, None),  # holds no end: not complete, never judged
        ({"PG": "F1", "IL": "INVALID"}, None),  # no transaction
    ],
)
def test_a_change_and_what_is_said_of_it(change, complaint):
    said = complaints(**change)
    if complaint is None:
        assert said == []
    else:
        assert len(said) == 1
        assert said[0].startswith(complaint)


def test_the_state_and_the_unit_are_those_of_the_reading_before():
    payload = usual()
    del payload["RD"][1]["ST"], payload["RD"][1]["RU"]
    assert list(transparency.complaints(payload)) == []
    assert str(transparency.energy_kwh(payload)) == "0.132"


def test_a_second_end_is_refused():
    payload = usual()
    payload["RD"].append(payload["RD"][1])
    assert list(transparency.complaints(payload)) == [
        "RD: 1 begins and 2 ends of an energy that may be billed, must be one of each"
    ]
    assert transparency.energy_kwh(payload) is None


@pytest.mark.parametrize("listed", [None, "B", 7, [], [7], [None]])
def test_readings_that_are_none_are_none(listed):
    said = list(transparency.complaints(usual() | {"RD": listed}))
    assert said == ["ST: the first reading does not say how the meter was"]

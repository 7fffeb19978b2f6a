# SPDX-License-Identifier: Apache-2.0
"""Points of a ModDef document that have no place here: each is left out, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.errors import ProfileError
from sampler.tools import moddef
from sampler.tools.moddef_point import UnmappableError
from tests.sampler.tools.moddefs import ENERGY, document_of, point


def measurand(**entries: str) -> dict:
    return {"measurand": {"base_quantity": "active_power", **entries}}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (measurand(aggregation="MAXIMUM"), "an aggregate: MAXIMUM"),
        (measurand(location="BATTERY"), "measured elsewhere: BATTERY"),
        (measurand(phase_ref="L1_L2"), "no quantity of ours: active_power of L1_L2"),
        (measurand(base_quantity="energy_active"), "neither import nor export: None"),
        (measurand(base_quantity="current", aggregation="TOTAL"), "a sum over the"),
        ({"mapping": {"space": "COIL", "offset": 1}}, "space COIL: not registers"),
        ({"mapping": {"space": "INPUT_REGISTER"}}, "its address is found at run time"),
        ({"storage_type": "BCD"}, "storage_type BCD: no encoding of ours"),
        ({"storage_type": "COMPOSED"}, "a composition other than"),
        (
            {
                "storage_type": "COMPOSED",
                "mapping": {
                    "space": "INPUT_REGISTER",
                    "offset": 7,
                    "composed": {
                        "kind": "MANTISSA_EXPONENT",
                        "mantissa": {"offset": 0, "bit_length": 12},
                    },
                },
            },
            "a mantissa or an exponent of part of a register",
        ),
        (
            {"mapping": {"space": "INPUT_REGISTER", "offset": 7, "length_words": 3}},
            "3 registers for U32",
        ),
        (
            {
                "mapping": {
                    "space": "INPUT_REGISTER",
                    "offset": 7,
                    "byte_order": "LITTLE_ENDIAN",
                }
            },
            "low byte first within a register",
        ),
        (
            {"transform": {"scale_ref": {"mode": "POW10", "point_id": "good"}}},
            "scaled by good, which is no integer of 16 bits",
        ),
        ({"unit": "VA"}, "unit VA: expected one of W, mW, kW, MW"),
        ({"transform": {"offset": {"numerator": 1}}}, "an offset is added"),
        ({"transform": {"scale": {"numerator": -1}}}, "scale -1: not above zero"),
        ({"transform": {"scale": {"denominator": 0}}}, "no fraction"),
        ({"transform": {"scale_ref": {"mode": "MULTIPLY"}}}, "mode MULTIPLY"),
        (
            {"transform": {"scale_ref": {"mode": "POW10", "point_id": "sf"}}},
            "scaled by sf, which is not there",
        ),
        ({"selector_ref": {"point_id": "x"}}, "depends on another register"),
        (
            {
                **ENERGY,
                "unit": "Wh",
                "transform": {"scale": {"numerator": 1, "denominator": 1_000_000}},
            },
            "counts in less than a milliwatt-hour",
        ),
    ],
)
def test_a_point_that_has_no_place_is_left_out_with_its_reason(changes, reason):
    document = document_of(
        point(point_id="good", **ENERGY, unit="kWh"), point(**changes)
    )
    imported = moddef.import_device(document)
    assert len(imported.left_out) == 1
    assert imported.left_out[0].startswith("p: ")
    assert reason in imported.left_out[0]


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["mapping", "measurand", "transform", "scale", "offset"]),
            inner,
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(point())), JSON))
def test_no_point_whatsoever_raises_anything_but_our_own(changes):
    try:
        imported = moddef.import_device(document_of(point(**changes)))
    except (ProfileError, UnmappableError):
        return
    assert imported.count == 1

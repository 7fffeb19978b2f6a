# SPDX-License-Identifier: Apache-2.0
"""From a window to the message: absent stays absent, and EVerest takes all of it."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.codec import Kind, decode
from ipc.sample import ENERGY_ABSENT, QUANTITIES, PhaseSequence, Sample, is_present
from ipc.units import NS_PER_S
from publisher import messages
from publisher.compose import powermeter
from publisher.messages import LARGEST_FLOAT32
from publisher.window import Window
from tests.fakes import sample_of
from tests.strategies import samples

FLOATS = (
    st.floats(width=64)
    | st.floats(-1e6, 1e6)
    | st.sampled_from((1e300, -1e300, 3.5e38, math.inf, -math.inf, math.nan))
)

WHERE = {
    "voltage_l1_v": ("voltage_V", "L1"),
    "voltage_l2_v": ("voltage_V", "L2"),
    "voltage_l3_v": ("voltage_V", "L3"),
    "voltage_dc_v": ("voltage_V", "DC"),
    "current_l1_a": ("current_A", "L1"),
    "current_l2_a": ("current_A", "L2"),
    "current_l3_a": ("current_A", "L3"),
    "current_n_a": ("current_A", "N"),
    "current_dc_a": ("current_A", "DC"),
    "power_w": ("power_W", "total"),
    "power_l1_w": ("power_W", "L1"),
    "power_l2_w": ("power_W", "L2"),
    "power_l3_w": ("power_W", "L3"),
    "reactive_power_var": ("VAR", "total"),
    "reactive_power_l1_var": ("VAR", "L1"),
    "reactive_power_l2_var": ("VAR", "L2"),
    "reactive_power_l3_var": ("VAR", "L3"),
    "frequency_l1_hz": ("frequency_Hz", "L1"),
    "frequency_l2_hz": ("frequency_Hz", "L2"),
    "frequency_l3_hz": ("frequency_Hz", "L3"),
    "temperature_1_c": ("temperatures", "temperature_1_c"),
    "temperature_2_c": ("temperatures", "temperature_2_c"),
    "temperature_3_c": ("temperatures", "temperature_3_c"),
    "energy_import_mwh": ("energy_Wh_import", "total"),
    "energy_import_l1_mwh": ("energy_Wh_import", "L1"),
    "energy_import_l2_mwh": ("energy_Wh_import", "L2"),
    "energy_import_l3_mwh": ("energy_Wh_import", "L3"),
    "energy_export_mwh": ("energy_Wh_export", "total"),
    "energy_export_l1_mwh": ("energy_Wh_export", "L1"),
    "energy_export_l2_mwh": ("energy_Wh_export", "L2"),
    "energy_export_l3_mwh": ("energy_Wh_export", "L3"),
}
"""Each quantity's place in the message, written apart from the code under test."""

NEEDS = {"total": "total", "frequency_Hz": "L1"}
"""Without these the object is not legal, so the rest of it is left out too."""


def composed(*taken: Sample) -> bytes | None:
    """Put samples of one instant through a window; give the message's bytes."""
    window = Window(window_s=1.0)
    for sample in taken:
        window.add(msgspec.structs.replace(sample, wall_ns=0))
    closed = window.close_by(NS_PER_S)
    assert closed is not None
    message = powermeter(closed, meter_id="charger-1")
    return None if message is None else messages.encode(message)


def document_of(**values: float) -> dict:
    payload = composed(sample_of(**values))
    assert payload is not None
    return msgspec.json.decode(payload)


def leaves(document):
    """Walk all of a JSON document; give what is neither object nor array."""
    match document:
        case dict():
            for inner in document.values():
                yield from leaves(inner)
        case list():
            for inner in document:
                yield from leaves(inner)
        case _:
            yield document


def flat(document: dict) -> dict[tuple[str, str], float]:
    """Give every number of the message by its place."""
    found = {
        (name, place): number
        for name, inner in document.items()
        if isinstance(inner, dict)
        for place, number in inner.items()
    }
    for one in document.get("temperatures", []):
        found["temperatures", one["identification"]] = one["temperature"]
    return found


def bearable(value: float) -> bool:
    return is_present(value) and math.isfinite(value) and abs(value) <= LARGEST_FLOAT32


def with_floats() -> st.SearchStrategy[Sample]:
    """Give samples with hostile floats, mostly with the energy EVerest requires."""
    values = {
        quantity.value: (
            st.just(ENERGY_ABSENT) | st.integers(-(2**63), 2**63 - 1)
            if quantity.is_energy
            else FLOATS
        )
        for quantity in QUANTITIES
    }
    return st.fixed_dictionaries(values).map(lambda found: sample_of(**found))


@given(st.lists(samples() | with_floats(), min_size=1, max_size=4))
def test_no_null_and_no_number_beyond_float32_is_ever_sent(taken):
    payload = composed(*taken)
    if payload is None:
        return
    document = msgspec.json.decode(payload)
    for leaf in leaves(document):
        assert leaf is not None
        if isinstance(leaf, int | float):
            assert math.isfinite(leaf)
            assert abs(leaf) <= LARGEST_FLOAT32
    assert not any(inner in ({}, []) for inner in document.values())


@given(st.lists(samples() | with_floats(), min_size=1, max_size=4))
def test_everest_takes_every_message(taken):
    payload = composed(*taken)
    if payload is not None:
        decode(Kind.POWERMETER_VALUES, payload)


@given(samples() | with_floats())
def test_what_the_sample_has_is_sent_and_nothing_else(sample):
    payload = composed(sample)
    present = {
        WHERE[quantity.value]: getattr(sample, quantity.value)
        for quantity in QUANTITIES
        if bearable(getattr(sample, quantity.value))
    }
    if ("energy_Wh_import", "total") not in present:
        assert payload is None
        return
    for name in ("energy_Wh_export", "power_W", "VAR", "frequency_Hz"):
        if (name, NEEDS.get(name, "total")) not in present:
            present = {at: one for at, one in present.items() if at[0] != name}
    assert payload is not None
    document = msgspec.json.decode(payload)
    sent = flat(document)
    assert sent.keys() == present.keys()
    for (name, place), number in sent.items():
        scale = 1000 if name.startswith("energy") else 1
        assert number == pytest.approx(present[name, place] / scale, rel=1e-12)
    others = {"timestamp", "meter_id", "phase_seq_error"}
    assert document.keys() - others == {name for name, _ in present}


def test_every_quantity_has_its_place():
    assert set(WHERE) == {quantity.value for quantity in QUANTITIES}
    values = dict.fromkeys(WHERE, 1000)
    assert flat(document_of(**values)).keys() == set(WHERE.values())


def test_without_the_energy_imported_there_is_no_message():
    assert composed(sample_of(power_w=5.0, energy_export_mwh=1)) is None


def test_an_energy_of_nothing_is_a_value():
    document = document_of(energy_import_mwh=0)
    assert document["energy_Wh_import"] == {"total": 0.0}


def test_energies_are_watt_hours():
    document = document_of(energy_import_mwh=12_345_678, energy_import_l2_mwh=1)
    assert document["energy_Wh_import"] == {"total": 12_345.678, "L2": 0.001}


def test_a_message_says_when_its_last_sample_was_measured_and_by_whom():
    document = document_of(energy_import_mwh=1)
    assert document["timestamp"] == "1970-01-01T00:00:00.000Z"
    assert document["meter_id"] == "charger-1"


@pytest.mark.parametrize(
    ("sequence", "error"),
    [(PhaseSequence.RIGHT, False), (PhaseSequence.WRONG, True)],
)
def test_the_phase_sequence_is_told_when_it_is_known(sequence, error):
    payload = composed(sample_of(phase_sequence=sequence, energy_import_mwh=1))
    assert payload is not None
    assert msgspec.json.decode(payload)["phase_seq_error"] is error


def test_an_unknown_phase_sequence_is_absent():
    assert "phase_seq_error" not in document_of(energy_import_mwh=1)


@pytest.mark.parametrize("bad", [1e300, -1e300, math.inf, -math.inf, math.nan])
def test_a_value_that_everest_cannot_bear_is_left_out_alone(bad):
    document = document_of(
        energy_import_mwh=1, voltage_l1_v=230.0, voltage_l2_v=bad, power_w=bad
    )
    assert document["voltage_V"] == {"L1": 230.0}
    assert "power_W" not in document


def test_a_mean_that_overflows_is_absent():
    taken = [sample_of(energy_import_mwh=1, power_w=1.7e308)] * 2
    payload = composed(*taken)
    assert payload is not None
    assert b"power_W" not in payload

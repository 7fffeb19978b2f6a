# SPDX-License-Identifier: Apache-2.0
"""The end reading says what is true, and what must not be billed says so itself."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import ending, ocmf
from publisher.ocmf import Cause, MeterState, Sync, Unusable
from tests.publisher.stories import reading, start_request

BEGIN = reading(1000)


@pytest.mark.parametrize(
    ("end", "was_stopped", "code"),
    [
        (reading(1000, after_s=60), True, "E|G"),
        (reading(1001, after_s=60), True, "E|G"),
        (reading(1001, after_s=60), False, "A|G"),
        (reading(1001, after_s=60, sync=Sync.UNKNOWN), True, "E|G"),
        (reading(1001, after_s=5, boot="boot-2"), True, "P|tG"),
        (reading(1001, after_s=5, boot="boot-2"), False, "P|tG"),
        (reading(1001, after_s=60, stepped_s=3600), True, "E|tG"),
        (reading(1001, after_s=60, stepped_s=-3600), True, "E|tG"),
        (reading(1001, after_s=60, stepped_s=1), True, "E|G"),
        (reading(999, after_s=60), True, "A|EO"),
        (reading(999, after_s=5, boot="boot-2"), True, "P|EtO"),
        (reading(2000, after_s=60, serial="S2"), True, "A|EX"),
        (reading(2000, after_s=5, serial="S2", boot="boot-2"), True, "P|EtX"),
    ],
)
def test_what_happened_in_between_decides_what_the_record_says(end, was_stopped, code):
    judged = ending.judge(BEGIN, end, was_stopped=was_stopped)
    assert f"{judged.cause}|{judged.unusable}{judged.state}" == code
    assert judged.reading == end


def test_another_meters_value_is_not_signed():
    other = reading(2000, after_s=60, serial="S2")
    assert ending.judge(BEGIN, other, was_stopped=True).energy_mwh is None


ANY_END = st.builds(
    reading,
    st.integers(0, 2000),
    after_s=st.floats(0, 1e6),
    stepped_s=st.floats(-1e6, 1e6),
    serial=st.sampled_from(("S1", "S2")),
    boot=st.sampled_from(("boot-1", "boot-2")),
    sync=st.sampled_from(Sync),
)


@given(end=ANY_END, was_stopped=st.booleans())
def test_a_record_can_be_composed_of_any_end(end, was_stopped):
    judged = ending.judge(BEGIN, end, was_stopped=was_stopped)
    payload = ocmf.compose(
        pagination=1,
        source=ocmf.Source(meter_serial=BEGIN.meter.serial),
        request=start_request(identification_data="04A1B2C3"),
        register=ocmf.Register(unit=ocmf.Unit.KWH, decimals=6),
        readings=ending.entries(BEGIN, judged),
    )
    begin, last = msgspec.json.decode(payload)["RD"]
    assert (begin["TX"], begin["EF"], begin["ST"]) == ("B", "", "G")
    assert begin["RV"] == 0.001
    assert (last["TX"], last["EF"]) == (judged.cause, judged.unusable)
    assert last["ST"] == judged.state
    assert last["TM"].endswith(f" {end.sync}")
    assert ("RV" in last) == (end.meter.serial == "S1")


@given(
    energy=st.integers(0, 2000),
    serial=st.sampled_from(("S1", "S2")),
    boot=st.sampled_from(("boot-1", "boot-2")),
    stepped_s=st.floats(-1e6, 1e6),
    was_stopped=st.booleans(),
)
def test_what_cannot_be_true_is_never_billable(
    energy, serial, boot, stepped_s, was_stopped
):
    end = reading(energy, after_s=9, serial=serial, boot=boot, stepped_s=stepped_s)
    judged = ending.judge(BEGIN, end, was_stopped=was_stopped)
    may_be_billed = serial == "S1" and energy >= BEGIN.energy_mwh
    assert (judged.state is MeterState.GOOD) == may_be_billed
    assert ("E" in judged.unusable) == (not may_be_billed)
    assert (judged.cause is Cause.END) <= (may_be_billed and was_stopped)
    assert (judged.unusable is Unusable.NOTHING) <= (boot == "boot-1")

# SPDX-License-Identifier: Apache-2.0
"""A sample as a table, and as data."""

from ipc.sample import Quality, Quantity
from sampler.tools import display
from tests.fakes import sample_of


def shown(sample, *, implausible=()):
    known = [name for name in Quantity if name in display.measured(sample)]
    return list(
        display.table(sample, known=[*known, *implausible], implausible=implausible)
    )


def test_an_energy_is_cut_off_like_a_counter_and_never_rounded_up():
    assert display.energy(12_345_999_999) == "12345.999 kWh"
    assert display.energy(0) == "0.000 kWh"


def test_every_quantity_has_a_row_a_column_and_a_unit():
    for quantity in Quantity:
        number = 5_000_000 if quantity.is_energy else 5.0
        lines = shown(sample_of(**{quantity.value: number}))
        assert len(lines) == 2
        assert lines[0].strip() in display.COLUMNS.values()
        assert lines[1].split()[-1] in display.UNITS.values()


def test_a_direct_current_meter_has_one_column():
    lines = shown(sample_of(voltage_dc_v=401.25, current_dc_a=-12.5))
    assert [line.split() for line in lines] == [
        ["DC"],
        ["voltage", "401.2", "V"],
        ["current", "-12.500", "A"],
    ]


def test_what_was_not_measured_is_a_dash_and_what_is_not_of_the_model_is_nothing():
    known = [Quantity.VOLTAGE_L1_V, Quantity.VOLTAGE_L2_V]
    sample = sample_of(voltage_l1_v=230.0)
    lines = list(display.table(sample, known=known, implausible=()))
    assert lines[1].split() == ["voltage", "230.0", "V", "-"]
    assert "current" not in "".join(lines)


def test_what_cannot_be_true_is_a_question_mark():
    lines = shown(sample_of(power_w=1.0), implausible=[Quantity.POWER_L1_W])
    assert lines[1].split() == ["power", "?", "1.0", "W"]


def test_a_script_gets_the_time_in_utc_and_the_reasons_of_a_bad_sample():
    quality = Quality.TIMEOUT | Quality.IMPLAUSIBLE
    data = display.as_data(sample_of(quality=quality, wall_ns=0, power_w=5.0))
    assert data == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "quality": ["timeout", "implausible"],
        "values": {"power_w": 5.0},
    }

# SPDX-License-Identifier: Apache-2.0
"""`check`: what will run, when, and whether the wire carries it."""

import re
from pathlib import Path

import pytest

from ipc.config import BusTable, Config, MeterTable, Parity, Signing
from sampler.check import describe, plan_bus, wire_of
from sampler.errors import ProfileError, RateError

ENERGIES_ONLY = """
[meter]
vendor = "v"
model = "m"
status = "inferred"
sources = ["s"]
function_code = 4
[registers]
energy_import_mwh = { address = 0, encoding = "uint32" }
"""


def bus_of(*meters: dict, **table) -> BusTable:
    each = [
        MeterTable(
            **{
                "name": f"m{unit}",
                "model": "eastron_sdm630",
                "unit_id": unit,
                "module_id": f"pm{unit}",
                **meter,
            }
        )
        for unit, meter in enumerate(meters or ({},), 1)
    ]
    return BusTable(name="b", port="/dev/p", meter=each, **table)


def lines_of(table: BusTable) -> list[str]:
    return list(describe(Config(bus=[table]), plan_bus(table)))


@pytest.mark.parametrize(
    ("parity", "stopbits", "bits"),
    [(Parity.NONE, 1, 10), (Parity.NONE, 2, 11), (Parity.EVEN, 1, 11)],
)
def test_a_character_has_a_start_bit_eight_data_bits_parity_and_stop_bits(
    parity, stopbits, bits
):
    assert wire_of(bus_of(parity=parity, stopbits=stopbits)).bits == bits


def test_a_meter_read_with_every_tick_is_described_in_few_lines():
    lines = lines_of(bus_of())
    assert "bus b: /dev/p, 9600 baud, 8N1, 1 Hz, ring /run/powermeter/b.ring" in lines
    assert any("function 4, registers 0x0000.." in line for line in lines)
    assert any(line.startswith("  every tick: m1, ") for line in lines)
    assert "highest rate" in lines[-1]


def test_the_timetable_says_which_ticks_carry_what():
    lines = lines_of(bus_of({"energy_every": 10}, {"every": 2}, rate_hz=1))
    text = "\n".join(lines)
    assert "without energies:" in text
    assert "  1 of 10 ticks, first 0: m1 with energies, " in text
    assert "  5 of 10 ticks, first 1: m1, m2, " in text
    assert "  4 of 10 ticks, first 2: m1, " in text


def test_a_tick_without_any_meter_carries_nothing():
    assert any("nothing, 0.0 ms" in line for line in lines_of(bus_of({"every": 2})))


def test_a_cycle_too_long_to_show_is_said_to_be_so():
    meters = [{"every": every} for every in (997, 991, 983)]
    assert any("repeats only after" in line for line in lines_of(bus_of(*meters)))


def test_what_the_wire_cannot_carry_is_refused_with_the_highest_rate_and_the_remedies():
    with pytest.raises(RateError) as raised:
        plan_bus(bus_of(rate_hz=10))
    told = str(raised.value)
    assert "bus 'b': rate_hz = 10" in told
    assert f"at most {plan_bus(bus_of()).highest_rate_hz:.2f} Hz" in told
    for remedy in ("rate_hz", "energy_every", "baudrate", "fewer meters"):
        assert remedy in told


def test_it_is_the_worst_tick_that_has_to_fit():
    meters = [{"every": 2}, {"every": 2}]
    both_s = plan_bus(bus_of({}, {}, rate_hz=0.1)).tick_s
    in_turns = plan_bus(bus_of(*meters, rate_hz=1.9 / both_s))
    assert in_turns.tick_s == pytest.approx(both_s / 2)
    with pytest.raises(RateError):
        plan_bus(bus_of({}, {"every": 2}, rate_hz=1.9 / both_s))
    with pytest.raises(RateError):  # the tick with the energies carries them all
        plan_bus(bus_of({"energy_every": 9}, rate_hz=2.1 / both_s))


def test_energies_that_are_read_seldom_make_room():
    fast = plan_bus(bus_of(*[{"energy_every": 4}] * 4, baudrate=19200, rate_hz=1.3))
    assert fast.tick_s < plan_bus(bus_of(*[{}] * 4, baudrate=19200)).tick_s
    for meter in fast.meters:
        assert sum(block.count for block in meter.fast.blocks) < sum(
            block.count for block in meter.plan.blocks
        )


def test_a_meter_with_nothing_but_energies_has_none_to_leave_out(tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text(ENERGIES_ONLY)
    plan_bus(bus_of({"model": str(profile)}))
    with pytest.raises(ProfileError, match="nothing but energies: use every = 4"):
        plan_bus(bus_of({"model": str(profile), "energy_every": 4}))


def test_a_meter_that_cannot_sign_is_not_told_to():
    with pytest.raises(
        ProfileError, match="cannot sign: use signing = 'gateway' or 'none'"
    ):
        plan_bus(bus_of({"signing": Signing.METER}))


def test_a_meter_that_signs_by_itself_has_a_way_for_commands():
    meter = {"model": "carlo_gavazzi_em580", "signing": Signing.METER}
    lines = lines_of(bus_of(meter, baudrate=115_200))
    assert "signs by itself" in "\n".join(lines)
    assert "  commands: /run/powermeter/b.sock" in lines
    assert not any("commands" in line for line in lines_of(bus_of({})))


def test_a_rate_that_leaves_no_room_for_a_transaction_is_refused_with_one_that_does():
    meter = {"model": "carlo_gavazzi_em580", "signing": Signing.METER}
    plan_bus(bus_of(meter, baudrate=9600, rate_hz=1))
    with pytest.raises(
        RateError, match=r"transactions of a meter that signs need"
    ) as caught:
        plan_bus(bus_of(meter, baudrate=9600, rate_hz=2.4))
    highest = plan_bus(bus_of(meter, baudrate=9600, rate_hz=1)).highest_rate_hz
    assert f"lower rate_hz to {highest:.2f} Hz" in str(caught.value)
    advised = float(re.search(r"lower rate_hz to (\S+) Hz", str(caught.value))[1])
    plan_bus(bus_of(meter, baudrate=9600, rate_hz=advised - 0.01))
    plan_bus(bus_of({**meter, "signing": Signing.NONE}, baudrate=9600, rate_hz=2.4))


def test_an_unknown_model_is_refused():
    with pytest.raises(ProfileError, match="unknown model"):
        plan_bus(bus_of({"model": "no_such"}))
    with pytest.raises(ProfileError, match="no such file"):
        plan_bus(bus_of({"model": str(Path("/nowhere/x.toml"))}))


def test_what_is_asked_beyond_a_block_to_tell_answers_apart_is_counted_and_shown(
    tmp_path,
):
    profile = tmp_path / "p.toml"
    power = "power_w = { address = 1000, encoding = 'uint32' }"
    profile.write_text(ENERGIES_ONLY + power)
    lines = lines_of(bus_of({"model": str(profile)}))
    assert "    function 4, registers 0x0000..0x0001 (2)" in lines
    assert "    function 4, registers 0x03e8..0x03eb (4)" in lines

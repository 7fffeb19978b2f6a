# SPDX-License-Identifier: Apache-2.0
"""The profiles: what each may claim, how it is read, and what is special to one."""

import math

import pytest

from ipc.sample import QUANTITIES, Quantity, is_present
from sampler import registermap
from sampler.plan import plan
from sampler.registermap import Status
from tests.sampler.specimens import WIRE, decoded

MODELS = sorted(registermap.names())


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

# SPDX-License-Identifier: Apache-2.0
"""Plans: the cheapest blocks, and what may not stand in one together."""

import itertools
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import Quantity
from sampler import registermap
from sampler.encoding import Encoding
from sampler.plan import plan
from sampler.registermap import Limits, Part, Profile, Register
from sampler.wire import Wire
from tests.sampler.maps import (
    KWH_AND_WH,
    WIRES,
    maps_with_counts,
    profile_of,
    register_maps,
)


def cheapest_by_trying_all(profile: Profile, wire: Wire) -> float:
    """Cut the sorted registers at every possible subset of places."""
    by_kind: dict[object, list[Register]] = {}
    for quantity, register in profile.registers.items():
        kind = (
            register.function_code or 4,
            register.optional,
            quantity if register.alone else None,
        )
        by_kind.setdefault(kind, []).append(register)
    return sum(
        cheapest_of_a_kind(sorted(kind, key=lambda each: each.address), profile, wire)
        for kind in by_kind.values()
    )


def cheapest_of_a_kind(fields: list[Register], profile: Profile, wire: Wire) -> float:
    turnaround_s = profile.limits.turnaround_ms / 1000
    best = math.inf
    for cuts in itertools.product([False, True], repeat=len(fields) - 1):
        groups, group = [], [fields[0]]
        for field, cut in zip(fields[1:], cuts, strict=True):
            if cut:
                groups.append(group)
                group = []
            group.append(field)
        groups.append(group)
        spans = [group[-1].end - group[0].address for group in groups]
        if max(spans) <= profile.limits.largest_block:
            cost = sum(wire.read_s(span, turnaround_s=turnaround_s) for span in spans)
            best = min(best, cost)
    return best


@given(register_maps(), WIRES, st.integers(4, 125), st.floats(0, 100))
def test_no_other_way_to_cut_is_cheaper_on_the_wire(registers, wire, largest, ms):
    profile = profile_of(registers, largest_block=largest, turnaround_ms=ms)
    planned = plan(profile, wire)
    taken_s = planned.read_s(wire, turnaround_s=ms / 1000)
    assert taken_s == pytest.approx(cheapest_by_trying_all(profile, wire))
    assert all(block.count <= largest for block in planned.blocks)


@given(maps_with_counts(), WIRES)
def test_blocks_mix_neither_function_codes_nor_optional_registers(drawn, wire):
    registers, _ = drawn
    planned = plan(profile_of(registers), wire)
    kinds = {
        (register.optional, register.function_code or 4)
        for register in registers.values()
    }
    assert {(block.optional, block.function_code) for block in planned.blocks} == kinds
    for quantity, register in registers.items():
        holders = [
            decoder
            for block, decoder in zip(planned.blocks, planned.decoders, strict=True)
            if block.function_code == (register.function_code or 4)
            and block.optional == register.optional
            and block.address <= register.address < block.address + block.count
        ]
        if register.alone:
            assert any(decoder.quantities == (quantity,) for decoder in holders)


def test_an_sdm630_is_read_in_four_blocks_at_9600_baud():
    planned = plan(registermap.load("eastron_sdm630"), Wire(baudrate=9600, bits=10))
    blocks = [(block.address, block.count) for block in planned.blocks]
    assert blocks == [(0x00, 30), (0x34, 24), (0xE0, 2), (0x15A, 12)]


def test_overlapping_registers_come_from_blocks_of_their_own():
    registers = {
        Quantity.POWER_W: Register(address=10, encoding=Encoding.INT32),
        Quantity.POWER_L1_W: Register(address=11, encoding=Encoding.INT32),
    }
    planned = plan(profile_of(registers), Wire(baudrate=9600, bits=10))
    assert [block.address for block in planned.blocks] == [10, 11]


def test_a_field_longer_than_a_small_limit_still_gets_its_block():
    profile = profile_of({Quantity.ENERGY_IMPORT_MWH: KWH_AND_WH})
    profile = msgspec.structs.replace(profile, limits=Limits(largest_block=4))
    far = msgspec.structs.replace(
        KWH_AND_WH, plus=Part(address=0x40A, encoding=Encoding.INT32, scale=1)
    )
    profile = msgspec.structs.replace(
        profile, registers={Quantity.ENERGY_IMPORT_MWH: far}
    )
    planned = plan(profile, Wire(baudrate=9600, bits=10))
    assert [(b.address, b.count) for b in planned.blocks] == [(0x400, 12)]

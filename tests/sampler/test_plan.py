# SPDX-License-Identifier: Apache-2.0
"""Plans: the cheapest blocks, and every value where it belongs."""

import itertools
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import ABSENT, QUANTITIES, Quantity, is_present
from sampler import registermap
from sampler.plan import Plan, plan
from sampler.registermap import Encoding, Limits, MeterHeader, Profile, Register, Status
from sampler.wire import Wire

WIRES = st.builds(
    Wire,
    baudrate=st.sampled_from([1200, 9600, 19200, 115200]),
    bits=st.sampled_from([10, 11]),
)


def profile_of(registers: dict[Quantity, Register], **limits: float) -> Profile:
    return Profile(
        meter=MeterHeader(
            vendor="v",
            model="m",
            status=Status.INFERRED,
            sources=["s"],
            function_code=4,
        ),
        limits=Limits(**limits),
        registers=registers,
    )


@st.composite
def register_maps(draw, *, most=7) -> dict[Quantity, Register]:
    """Draw registers that do not overlap, in any order of quantities."""
    quantities = draw(
        st.lists(st.sampled_from(QUANTITIES), min_size=1, max_size=most, unique=True)
    )
    address, registers = 0, {}
    for quantity in quantities:
        address += draw(st.integers(min_value=0, max_value=150))
        encoding = draw(st.sampled_from(Encoding))
        registers[quantity] = Register(address=address, encoding=encoding)
        address += encoding.words
    return registers


def cheapest_by_trying_all(profile: Profile, wire: Wire) -> float:
    """Cut the sorted registers at every possible subset of places."""
    fields = sorted(profile.registers.values(), key=lambda register: register.address)
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


def encode(registers: dict[Quantity, Register], counts: dict, planned: Plan):
    """Write counts where the registers are, and cut the blocks out of it."""
    codes = dict(zip(Encoding, "HhIiQqfd", strict=True))
    memory = bytearray(2 * 0x10000)
    for quantity, register in registers.items():
        code = ">" + codes[register.encoding]
        struct.pack_into(code, memory, 2 * register.address, counts[quantity])
    return [
        bytes(memory[2 * block.address : 2 * (block.address + block.count)])
        for block in planned.blocks
    ]


@st.composite
def maps_with_counts(draw):
    registers = draw(register_maps(most=len(QUANTITIES)))
    counts = {}
    for quantity, register in registers.items():
        bits = 16 * register.encoding.words
        match register.encoding:
            case Encoding.FLOAT32 | Encoding.FLOAT64:
                low = 0 if quantity.is_energy else -1e9
                count = draw(st.floats(low, 1e9, width=bits))
            case Encoding.UINT16 | Encoding.UINT32 | Encoding.UINT64:
                count = draw(st.integers(0, min(2**bits - 1, 10**15)))
            case _:
                low = 0 if quantity.is_energy else -(2 ** (bits - 1))
                count = draw(st.integers(low, min(2 ** (bits - 1) - 1, 10**15)))
        counts[quantity] = count
    return registers, counts


@given(maps_with_counts(), WIRES)
def test_every_value_comes_out_where_it_went_in(registers_and_counts, wire):
    registers, counts = registers_and_counts
    planned = plan(profile_of(registers), wire)
    decoded = planned.decode(encode(registers, counts, planned))
    assert decoded.implausible == ()
    for quantity, value in zip(QUANTITIES, decoded.values, strict=True):
        if quantity not in counts:
            assert not is_present(value)
        elif quantity.is_energy:
            assert value == round(counts[quantity])
            assert isinstance(value, int)
        else:
            assert value == counts[quantity]


@given(register_maps(most=len(QUANTITIES)), WIRES, st.data())
def test_no_bytes_of_a_meter_raise_or_give_a_value_that_cannot_be(
    registers, wire, data
):
    planned = plan(profile_of(registers), wire)
    answers = [
        data.draw(st.none() | st.binary(min_size=2 * b.count, max_size=2 * b.count))
        for b in planned.blocks
    ]
    decoded = planned.decode(answers)
    for quantity, value in zip(QUANTITIES, decoded.values, strict=True):
        if is_present(value):
            assert math.isfinite(value)
            assert quantity not in decoded.implausible
            assert not (quantity.is_energy and not 0 <= value <= 10**15)


def one_register(quantity: Quantity, encoding: Encoding, scale: float, count: float):
    registers = {quantity: Register(address=7, encoding=encoding, scale=scale)}
    planned = plan(profile_of(registers), Wire(baudrate=9600, bits=10))
    decoded = planned.decode(encode(registers, {quantity: count}, planned))
    return decoded, decoded.values[QUANTITIES.index(quantity)]


def test_an_integer_energy_is_exact_where_a_float_would_not_be():
    count = 2**53 // 10 + 1  # tenths of a watt-hour
    _, energy = one_register(Quantity.ENERGY_IMPORT_MWH, Encoding.UINT64, 1, count)
    assert energy == count
    assert isinstance(energy, int)


@pytest.mark.parametrize("count", [math.nan, math.inf, -math.inf, -1.0, 1e30])
def test_an_energy_that_cannot_be_is_left_out_and_named(count):
    decoded, energy = one_register(
        Quantity.ENERGY_IMPORT_MWH, Encoding.FLOAT32, 1_000_000, count
    )
    assert not is_present(energy)
    assert decoded.implausible == (Quantity.ENERGY_IMPORT_MWH,)


@pytest.mark.parametrize("count", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_left_out_and_named(count):
    decoded, power = one_register(Quantity.POWER_W, Encoding.FLOAT32, 1, count)
    assert not is_present(power)
    assert decoded.implausible == (Quantity.POWER_W,)


def test_without_an_answer_everything_is_absent():
    planned = plan(registermap.load("eastron_sdm630"), Wire(baudrate=9600, bits=10))
    decoded = planned.decode([None] * len(planned.blocks))
    assert repr(decoded.values) == repr(ABSENT)
    assert decoded.implausible == ()


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

# SPDX-License-Identifier: Apache-2.0
"""Plans: the cheapest blocks, and every value where it belongs."""

import itertools
import math
import struct
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import ABSENT, QUANTITIES, Quantity, is_present
from sampler import registermap
from sampler.encoding import Encoding, Unavailable, WordOrder
from sampler.plan import Plan, plan
from sampler.registermap import (
    Exponent,
    Limits,
    MeterHeader,
    Part,
    Profile,
    Register,
    Status,
)
from sampler.wire import Wire

PLAIN = [encoding for encoding in Encoding if not encoding.has_own_exponent]

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
def register_maps(draw, *, most=7, encodings=PLAIN) -> dict[Quantity, Register]:
    """Draw registers that do not overlap, in any order of quantities."""
    quantities = draw(
        st.lists(st.sampled_from(QUANTITIES), min_size=1, max_size=most, unique=True)
    )
    address, registers = 0, {}
    for quantity in quantities:
        address += draw(st.integers(min_value=0, max_value=150))
        encoding = draw(st.sampled_from(list(encodings)))
        registers[quantity] = Register(
            address=address,
            encoding=encoding,
            word_order=draw(st.none() | st.sampled_from(WordOrder)),
            function_code=draw(st.sampled_from([None, None, 3, 4])),
            alone=draw(st.integers(0, 9)) == 0,
            optional=draw(st.integers(0, 9)) == 0,
        )
        address += encoding.words
    return registers


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


def words_of(register: Register, count: float) -> bytes:
    """Encode a count as it stands at the register, by means of our own."""
    name, bits = register.encoding.value[:-2], 16 * register.encoding.words
    match name:
        case "float":
            data = struct.pack(">f" if bits == 32 else ">d", count)
        case "iskra-":
            raise AssertionError("has its own tests")
        case _:
            data = int(count).to_bytes(bits // 8, signed=name == "int")
    if register.word_order is WordOrder.LOW_FIRST:
        data = b"".join(data[at : at + 2] for at in range(bits // 8 - 2, -2, -2))
    return data


def encode(registers: dict[Quantity, Register], counts: dict, planned: Plan):
    """Write counts where the registers are, and cut the blocks out of it."""
    memory = {3: bytearray(2 * 0x10000), 4: bytearray(2 * 0x10000)}
    for quantity, register in registers.items():
        data = words_of(register, counts[quantity])
        at = 2 * register.address
        memory[register.function_code or 4][at : at + len(data)] = data
    return [
        bytes(memory[b.function_code][2 * b.address : 2 * (b.address + b.count)])
        for b in planned.blocks
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
            assert value == float(counts[quantity])


@given(register_maps(most=len(QUANTITIES), encodings=Encoding), WIRES, st.data())
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


EXPONENTS = {"tens": Exponent(address=300)}


def scaled(quantity: Quantity, encoding: Encoding, count: int, exponent: int | None):
    """Decode a count that is scaled by 10^exponent, which stands in another block."""
    register = Register(address=7, encoding=encoding, scale=1000, exponent="tens")
    profile = msgspec.structs.replace(
        profile_of({quantity: register}), exponents=EXPONENTS
    )
    planned = plan(profile, Wire(baudrate=9600, bits=10))
    assert [block.address for block in planned.blocks] == [7, 300]
    ten = None if exponent is None else exponent.to_bytes(2, signed=True)
    decoded = planned.decode([words_of(register, count), ten])
    return decoded, decoded.values[QUANTITIES.index(quantity)]


@given(st.integers(0, 2**40), st.integers(-18, 3))
def test_an_energy_with_an_exponent_is_exact_and_rounded_down(count, exponent):
    exact = Fraction(count * 1000) * Fraction(10) ** exponent
    decoded, energy = scaled(
        Quantity.ENERGY_IMPORT_MWH, Encoding.UINT64, count, exponent
    )
    if exact > 10**15:
        assert decoded.implausible == (Quantity.ENERGY_IMPORT_MWH,)
    else:
        assert energy == math.floor(exact)
        assert isinstance(energy, int)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-18, 18))
def test_a_value_is_scaled_by_its_exponent(count, exponent):
    _, power = scaled(Quantity.POWER_W, Encoding.INT32, count, exponent)
    assert power == pytest.approx(float(count * 1000 * Fraction(10) ** exponent))


def test_what_has_lost_its_exponent_is_absent_and_not_implausible():
    decoded, power = scaled(Quantity.POWER_W, Encoding.INT32, 5, None)
    assert not is_present(power)
    assert decoded.implausible == ()


@pytest.mark.parametrize("exponent", [-19, 19, 32767, -32768])
def test_an_exponent_that_no_meter_has_makes_the_value_implausible(exponent):
    for quantity in (Quantity.POWER_W, Quantity.ENERGY_IMPORT_MWH):
        decoded, value = scaled(quantity, Encoding.INT32, 5, exponent)
        assert not is_present(value)
        assert decoded.implausible == (quantity,)


@pytest.mark.parametrize(
    ("encoding", "word", "value"),
    [
        (Encoding.ISKRA_T5, "FD01E240", 123.456),  # the example of Iskra's manual
        (Encoding.ISKRA_T5, "00FFFFFF", 16777215.0),
        (Encoding.ISKRA_T6, "00FFFFFF", -1.0),
        (Encoding.ISKRA_T6, "02FFFF85", -12300.0),
        (Encoding.ISKRA_T6, "FE7FFFFF", 83886.07),
    ],
)
def test_iskras_numbers_carry_their_own_exponent(encoding, word, value):
    registers = {Quantity.POWER_W: Register(address=140, encoding=encoding)}
    planned = plan(profile_of(registers), Wire(baudrate=9600, bits=10))
    decoded = planned.decode([bytes.fromhex(word)])
    assert decoded.values[QUANTITIES.index(Quantity.POWER_W)] == value


TWO = Register(
    address=0x400,
    encoding=Encoding.INT32,
    scale=1_000_000,
    plus=Part(address=0x402, encoding=Encoding.INT32, scale=1_000),
)


@given(st.integers(0, 10**8), st.integers(0, 999))
def test_two_registers_add_up_to_an_exact_energy(kwh, wh):
    profile = profile_of({Quantity.ENERGY_IMPORT_MWH: TWO})
    planned = plan(profile, Wire(baudrate=9600, bits=10))
    assert [(b.address, b.count) for b in planned.blocks] == [(0x400, 4)]
    decoded = planned.decode([kwh.to_bytes(4) + wh.to_bytes(4)])
    energy = decoded.values[QUANTITIES.index(Quantity.ENERGY_IMPORT_MWH)]
    assert energy == kwh * 1_000_000 + wh * 1000


@pytest.mark.parametrize(("says", "data"), [("largest", "7FFF"), ("sunspec", "8000")])
def test_of_a_sum_with_a_part_that_is_not_available_nothing_is_shown(says, data):
    part = Part(address=1, encoding=Encoding.INT16, scale=1)
    register = Register(address=0, encoding=Encoding.INT16, plus=part)
    profile = profile_of({Quantity.POWER_W: register})
    header = msgspec.structs.replace(profile.meter, unavailable=Unavailable(says))
    profile = msgspec.structs.replace(profile, meter=header)
    planned = plan(profile, Wire(baudrate=9600, bits=10))
    for answer in (data + "0001", "0001" + data):
        decoded = planned.decode([bytes.fromhex(answer)])
        assert not is_present(decoded.values[QUANTITIES.index(Quantity.POWER_W)])
        assert decoded.implausible == ()


def test_nan_is_absent_where_the_profile_knows_it_and_implausible_where_not():
    profile = profile_of(
        {Quantity.POWER_W: Register(address=0, encoding=Encoding.FLOAT32)}
    )
    header = msgspec.structs.replace(profile.meter, unavailable=Unavailable.SUNSPEC)
    knowing = msgspec.structs.replace(profile, meter=header)
    for each, implausible in ((profile, (Quantity.POWER_W,)), (knowing, ())):
        planned = plan(each, Wire(baudrate=9600, bits=10))
        assert planned.decode([struct.pack(">f", math.nan)]).implausible == implausible


def test_a_tenth_is_the_nearest_float_and_not_a_product():
    _, voltage = one_register(Quantity.VOLTAGE_L1_V, Encoding.UINT32, 0.1, 2303)
    assert voltage == 230.3


def test_a_field_longer_than_a_small_limit_still_gets_its_block():
    profile = profile_of({Quantity.ENERGY_IMPORT_MWH: TWO})
    profile = msgspec.structs.replace(profile, limits=Limits(largest_block=4))
    far = msgspec.structs.replace(
        TWO, plus=Part(address=0x40A, encoding=Encoding.INT32, scale=1)
    )
    profile = msgspec.structs.replace(
        profile, registers={Quantity.ENERGY_IMPORT_MWH: far}
    )
    planned = plan(profile, Wire(baudrate=9600, bits=10))
    assert [(b.address, b.count) for b in planned.blocks] == [(0x400, 12)]

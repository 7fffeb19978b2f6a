# SPDX-License-Identifier: Apache-2.0
"""Register maps of no meter in particular, and the bytes that stand in them."""

import struct

from hypothesis import strategies as st

from ipc.sample import QUANTITIES, Quantity
from sampler.encoding import Encoding, WordOrder
from sampler.plan import Plan, plan
from sampler.registermap import Limits, MeterHeader, Part, Profile, Register, Status
from sampler.wire import Wire

PLAIN = [encoding for encoding in Encoding if not encoding.has_own_exponent]
"""Encodings that need no exponent inside them."""

WIRES = st.builds(
    Wire,
    baudrate=st.sampled_from([1200, 9600, 19200, 115200]),
    bits=st.sampled_from([10, 11]),
)

KWH_AND_WH = Register(
    address=0x400,
    encoding=Encoding.INT32,
    scale=1_000_000,
    plus=Part(address=0x402, encoding=Encoding.INT32, scale=1_000),
)
"""An energy in two registers: whole kilowatt-hours, and the watt-hours over."""


def profile_of(registers: dict[Quantity, Register], **limits: float) -> Profile:
    """Give a profile of nothing but these registers and limits."""
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


@st.composite
def maps_with_counts(draw):
    """Draw registers, and a count in each that its meter may well show."""
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


def one_register(quantity: Quantity, encoding: Encoding, scale: float, count: float):
    """Decode one count from its register: all that came of it, and its value."""
    registers = {quantity: Register(address=7, encoding=encoding, scale=scale)}
    planned = plan(profile_of(registers), Wire(baudrate=9600, bits=10))
    decoded = planned.decode(encode(registers, {quantity: count}, planned))
    return decoded, decoded.values[QUANTITIES.index(quantity)]

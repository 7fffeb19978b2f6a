# SPDX-License-Identifier: Apache-2.0
"""A meter's memory with a value of its own in every register, and what it shows."""

import struct
from fractions import Fraction

from ipc.sample import QUANTITIES, Quantity
from sampler import registermap
from sampler.plan import plan
from sampler.wire import Wire
from tests.sampler.tables import Fact

WIRE = Wire(baudrate=9600, bits=10)
INTEGERS = {"16": 1234, "32": 0x01234567, "64": 0x0102030405}

EXPONENT = -2
"""What every exponent register holds: hundredths."""


def specimen(fact: Fact, number: int) -> tuple[float, bytes]:
    """Give a count no other register has, and its bytes, high word first."""
    kind, bits = fact.type[0], fact.type[1:]
    if kind == "f":
        data = struct.pack(">f" if bits == "32" else ">d", 1234.56 + number)
        return struct.unpack(">f" if bits == "32" else ">d", data)[0], data
    if kind == "T":
        mantissa = 123456 + number if bits == "5" else -123456 - number
        return mantissa / 1000, b"\xfd" + mantissa.to_bytes(3, signed=mantissa < 0)
    count = INTEGERS[bits] + number
    if kind == "s" and not fact.quantity.is_energy:
        count = -count
    return count, count.to_bytes(int(bits) // 8, signed=kind == "s")


def memory_with(
    table: list[Fact],
) -> tuple[dict[int, bytearray], dict[Quantity, float]]:
    """Write a specimen of every fact where it says, and note what must come out."""
    memory = {3: bytearray(0x20000), 4: bytearray(0x20000)}
    expected: dict[Quantity, float] = {}
    for number, fact in enumerate(table):
        count, data = specimen(fact, number)
        if fact.low_first:
            words = [data[at : at + 2] for at in range(0, len(data), 2)]
            data = b"".join(reversed(words))
        cells = memory[fact.function_code]
        cells[2 * fact.address : 2 * fact.address + len(data)] = data
        value = Fraction(count) * fact.worth
        if fact.exponent_address is not None:
            value *= Fraction(10) ** EXPONENT
            at = 2 * fact.exponent_address
            cells[at : at + 2] = EXPONENT.to_bytes(2, signed=True)
        expected[fact.quantity] = (
            (
                round(value)
                if isinstance(count, float)
                else value.numerator // value.denominator
            )
            if fact.quantity.is_energy
            else float(value)
        )
    return memory, expected


def decoded(model: str, memory: dict[int, bytearray]) -> dict[Quantity, float]:
    """Give what the model's profile makes of the memory; nothing is implausible."""
    planned = plan(registermap.load(model), WIRE)
    answers = [
        bytes(memory[b.function_code][2 * b.address : 2 * (b.address + b.count)])
        for b in planned.blocks
    ]
    values = planned.decode(answers)
    assert values.implausible == ()
    return dict(zip(QUANTITIES, values.values, strict=True))

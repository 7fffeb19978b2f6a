# SPDX-License-Identifier: Apache-2.0
"""Registers to blocks by wire cost, and a block's bytes to values."""

import functools
import math
import struct
from collections.abc import Sequence

import msgspec

from ipc.sample import ABSENT, QUANTITIES, Quantity
from sampler.registermap import Encoding, Profile, Register
from sampler.wire import Wire

CODES = {
    Encoding.UINT16: "H",
    Encoding.INT16: "h",
    Encoding.UINT32: "I",
    Encoding.INT32: "i",
    Encoding.UINT64: "Q",
    Encoding.INT64: "q",
    Encoding.FLOAT32: "f",
    Encoding.FLOAT64: "d",
}

LARGEST_ENERGY_MWH = 10**15
"""A thousand GWh: above it a counter is not one of a charging station."""

INDEX = {quantity: index for index, quantity in enumerate(QUANTITIES)}


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive registers of one read."""

    function_code: int
    address: int
    count: int


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """What the blocks of one meter say, in the order of QUANTITIES.

    implausible  quantities that cannot be true; they are absent in `values`
    """

    values: tuple[float | int, ...]
    implausible: tuple[Quantity, ...]


class Decoder:
    """Turns one block's bytes into values: one precompiled struct."""

    def __init__(self, fields: Sequence[tuple[Quantity, Register]]) -> None:
        """Take the block's fields in the order of their addresses, no overlap."""
        codes, position = [">"], fields[0][1].address
        for _, register in fields:
            codes.append(f"{2 * (register.address - position)}x")
            codes.append(CODES[register.encoding])
            position = register.end
        self._struct = struct.Struct("".join(codes))
        self._targets = [
            (INDEX[quantity], quantity, register.scale) for quantity, register in fields
        ]

    def decode(self, data: bytes, values: list[float | int]) -> list[Quantity]:
        """Fill in the values; give the quantities that cannot be true.

        data has exactly the block's 2 x count bytes (the bus has checked it).
        """
        implausible = []
        raw = self._struct.unpack(data)
        for (index, quantity, scale), count in zip(self._targets, raw, strict=True):
            value = _energy(count, scale) if quantity.is_energy else count * scale
            if value is None or not math.isfinite(value):
                implausible.append(quantity)
            else:
                values[index] = value
        return implausible


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How one meter is read: its blocks in order, each with its decoder."""

    blocks: tuple[Block, ...]
    decoders: tuple[Decoder, ...]

    def decode(self, answers: Sequence[bytes | None]) -> Values:
        """Turn the answers of the blocks, None where there is none, into values."""
        values = list(ABSENT)
        implausible: list[Quantity] = []
        for decoder, answer in zip(self.decoders, answers, strict=True):
            if answer is not None:
                implausible += decoder.decode(answer, values)
        return Values(values=tuple(values), implausible=tuple(implausible))

    def read_s(self, wire: Wire, *, turnaround_s: float) -> float:
        """Time the whole plan takes on the wire."""
        return sum(
            wire.read_s(block.count, turnaround_s=turnaround_s) for block in self.blocks
        )


def plan(profile: Profile, wire: Wire) -> Plan:
    """Split a profile's registers into the blocks that cost the wire least.

    A gap is read when that is cheaper than another request. The registers are
    sorted, so the best split is a shortest path over the places to cut (a handful
    of registers: quadratic is nothing).
    """
    fields = sorted(profile.registers.items(), key=lambda item: item[1].address)
    limit = profile.limits.largest_block
    turnaround_s = profile.limits.turnaround_ms / 1000

    @functools.cache
    def best(first: int) -> tuple[float, tuple[int, ...]]:
        """Give the least time from field `first` on, and where its blocks end."""
        if first == len(fields):
            return 0.0, ()
        options = []
        start, end = fields[first][1].address, 0
        for last in range(first, len(fields)):
            if fields[last][1].address < end:
                break  # overlaps the field before: needs a block of its own
            end = fields[last][1].end
            if end - start > limit:
                break
            rest_s, cuts = best(last + 1)
            here_s = wire.read_s(end - start, turnaround_s=turnaround_s)
            options.append((here_s + rest_s, (last + 1, *cuts)))
        return min(options)

    cuts = best(0)[1]
    groups = [fields[a:b] for a, b in zip((0, *cuts), cuts, strict=False)]
    return Plan(
        blocks=tuple(
            Block(
                function_code=profile.meter.function_code,
                address=group[0][1].address,
                count=group[-1][1].end - group[0][1].address,
            )
            for group in groups
        ),
        decoders=tuple(Decoder(group) for group in groups),
    )


def _energy(count: float, scale: float) -> int | None:
    """Give whole milliwatt-hours, or None where that cannot be an energy.

    An integer stays one: int(scale) is exact, the profile's loader has checked it.
    """
    if not math.isfinite(count):
        return None
    energy = int(count) * int(scale) if isinstance(count, int) else round(count * scale)
    return energy if 0 <= energy <= LARGEST_ENERGY_MWH else None

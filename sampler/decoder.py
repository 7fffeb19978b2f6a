# SPDX-License-Identifier: Apache-2.0
"""One block's bytes to values: one precompiled struct, then little work a value."""

import array
import math
import struct
from collections.abc import Sequence

import msgspec

from ipc.sample import QUANTITIES, Quantity
from sampler.encoding import WordOrder
from sampler.field import ExponentField, Field, Number, QuantityField

LARGEST_ENERGY_MWH = 10**15
"""A thousand GWh: above it a counter is not one of a charging station."""

_INDEX = {quantity: index for index, quantity in enumerate(QUANTITIES)}


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of a quantity that takes more than a scale; finish() makes it a value.

    What it is scaled by may stand in another block, so that comes last.
    """

    field: QuantityField
    counts: tuple[float, ...]


class Decoder:
    """Turns one block's bytes into values.

    quantities  what its block is read for
    """

    def __init__(self, fields: Sequence[Field], *, start: int) -> None:
        """Take the block's fields, no two of which overlap, and its first address."""
        self.fields = tuple(fields)
        mine = [field for field in fields if isinstance(field, QuantityField)]
        scales = [field for field in fields if isinstance(field, ExponentField)]
        numbers = [number for field in mine for number in field.numbers]
        numbers += [field.number for field in scales]
        numbers.sort(key=lambda number: (number.order, number.address))
        self._passes = [
            (order is WordOrder.LOW_FIRST, _layout(start, numbers, order))
            for order in sorted({number.order for number in numbers})
        ]
        slots = {number.address: slot for slot, number in enumerate(numbers)}
        self.quantities = tuple(field.quantity for field in mine)
        self._plain = [_plain(field, slots) for field in mine if field.is_plain]
        self._others = [
            (field, [slots[number.address] for number in field.numbers])
            for field in mine
            if not field.is_plain
        ]
        self._exponents = [(field, slots[field.number.address]) for field in scales]

    def decode(
        self,
        data: bytes,
        values: list[float],
        exponents: dict[str | None, int],
        pending: list[Pending],
    ) -> list[Quantity]:
        """Fill in values and exponents; give the quantities that cannot be true.

        data has at least the block's 2 x count bytes (the bus has checked it). What
        takes more than a scale is appended to `pending`, for finish().
        """
        implausible = []
        counts = self._counts(data)
        for slot, index, quantity, energy, number in self._plain:
            count = counts[slot]
            if number.says_unavailable and not number.has(count):
                continue
            value = (
                _energy(number.whole(count))
                if energy
                else count * number.multiplier / number.divisor
            )
            if value is None or not math.isfinite(value):
                implausible.append(quantity)
            else:
                values[index] = value
        for field, places in self._others:
            found = tuple(counts[place] for place in places)
            if all(map(Number.has, field.numbers, found)):
                pending.append(Pending(field=field, counts=found))
        for scale, slot in self._exponents:
            if scale.number.has(counts[slot]):
                exponents[scale.name] = int(counts[slot])
        return implausible

    def _counts(self, data: bytes) -> list[float]:
        """Unpack every number of the block, in the order of the slots."""
        counts: list[float] = []
        for low_first, layout in self._passes:
            # Low word first is little endian once each word's bytes are swapped.
            words = _swapped(data) if low_first else data
            counts += layout.unpack_from(words)
        return counts


def finish(item: Pending, exponent: int, values: list[float]) -> list[Quantity]:
    """Fill in what was pending; give the quantity if it cannot be true."""
    quantity = item.field.quantity
    value = item.field.value(item.counts, exponent)
    if quantity.is_energy:
        value = _energy(value)
    if value is None or not math.isfinite(value):
        return [quantity]
    values[_INDEX[quantity]] = value
    return []


def _plain(
    field: QuantityField, slots: dict[int, int]
) -> tuple[int, int, Quantity, bool, Number]:
    """Lay out for the loop over the values what it needs of a field."""
    quantity, number = field.quantity, field.numbers[0]
    slot = slots[number.address]
    return slot, _INDEX[quantity], quantity, quantity.is_energy, number


def _energy(energy: float | None) -> int | None:
    """Give whole milliwatt-hours, or None where that cannot be an energy."""
    if energy is None or not 0 <= energy <= LARGEST_ENERGY_MWH:
        return None
    return int(energy)


def _layout(start: int, numbers: Sequence[Number], order: WordOrder) -> struct.Struct:
    """Compile the numbers of one word order, with gaps for what is between them."""
    codes = ["<" if order is WordOrder.LOW_FIRST else ">"]
    position = start
    for number in numbers:
        if number.order is order:
            codes.append(f"{2 * (number.address - position)}x{number.encoding.code}")
            position = number.end
    return struct.Struct("".join(codes))


def _swapped(data: bytes) -> bytes:
    """Swap the two bytes of each word."""
    words = array.array("H", data)
    words.byteswap()
    return words.tobytes()

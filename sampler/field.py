# SPDX-License-Identifier: Apache-2.0
"""What a block is decoded for: numbers, and what one count of each is worth."""

import math
from collections.abc import Sequence

import msgspec

from ipc.sample import Quantity
from sampler.encoding import TEN_LIMIT, Encoding, WordOrder, split
from sampler.registermap import Exponent, MeterHeader, Register


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """Where one number stands; count x multiplier / divisor is its value.

    A division by 10 gives the float that is nearest to 230.1; a multiplication by
    0.1 does not always.

    unavailable       the count that says "not available", None for no such count
    says_unavailable  whether there is such a count, or NaN is one
    """

    address: int
    encoding: Encoding
    order: WordOrder
    multiplier: float
    divisor: int
    unavailable: int | None
    says_unavailable: bool

    @property
    def end(self) -> int:
        """Address of the first register behind it."""
        return self.address + self.encoding.words

    def has(self, count: float) -> bool:
        """Whether the meter has this value, as far as its profile can tell."""
        nan = self.says_unavailable and math.isnan(count)
        return not nan and (self.unavailable is None or count != self.unavailable)

    def whole(self, count: float) -> int | None:
        """Give a whole number of milliwatt-hours; None where it cannot be one.

        An integer never meets a float: the multiplier of an energy is one too.
        """
        if isinstance(count, int):
            return count * int(self.multiplier)
        return round(count * self.multiplier) if math.isfinite(count) else None

    def scaled(self, count: float, exponent: int, *, whole: bool) -> float | None:
        """Give count x scale x 10^exponent; None where that cannot be.

        whole: an integer, rounded down where the power of ten cuts it, so that a
        counter never seems to go back.
        """
        if self.encoding.has_own_exponent:
            count, own = split(self.encoding, int(count))
            exponent += own
        if abs(exponent) > TEN_LIMIT:
            return None
        up: int = 10 ** max(exponent, 0)
        down: int = 10 ** max(-exponent, 0)
        if not whole:
            return count * self.multiplier * up / (self.divisor * down)
        if isinstance(count, int):
            return count * int(self.multiplier) * up // down
        value = count * self.multiplier * up / down
        return round(value) if math.isfinite(value) else None


class QuantityField(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity: one number, or two that are added.

    exponent  the name of what scales them by a power of ten, if anything does
    """

    quantity: Quantity
    numbers: tuple[Number, ...]
    exponent: str | None

    @property
    def is_plain(self) -> bool:
        """Whether it is count x scale and no more, as nearly all are."""
        alone = len(self.numbers) == 1 and self.exponent is None
        return alone and not self.numbers[0].encoding.has_own_exponent

    def value(self, counts: Sequence[float], exponent: int) -> float | None:
        """Give the value of its numbers' counts; None where it cannot be."""
        whole = self.quantity.is_energy
        total: float = 0
        for number, count in zip(self.numbers, counts, strict=True):
            amount = number.scaled(count, exponent, whole=whole)
            if amount is None:
                return None
            total += amount
        return total


class ExponentField(msgspec.Struct, frozen=True, kw_only=True):
    """A power of ten that quantities are scaled by, and its name."""

    name: str
    number: Number


Field = QuantityField | ExponentField


def of_quantity(
    quantity: Quantity, register: Register, header: MeterHeader
) -> QuantityField:
    """Resolve what the header says for all registers."""
    order = register.word_order or header.word_order
    numbers = [
        _number(register.address, register.encoding, order, register.scale, header)
    ]
    if plus := register.plus:
        numbers.append(_number(plus.address, plus.encoding, order, plus.scale, header))
    return QuantityField(
        quantity=quantity, numbers=tuple(numbers), exponent=register.exponent
    )


def of_exponent(name: str, exponent: Exponent, header: MeterHeader) -> ExponentField:
    """Do the same for a register that others are scaled by."""
    address, encoding = exponent.address, exponent.encoding
    number = _number(address, encoding, header.word_order, 1, header)
    return ExponentField(name=name, number=number)


def _number(
    address: int,
    encoding: Encoding,
    order: WordOrder,
    scale: float,
    header: MeterHeader,
) -> Number:
    multiplier, divisor = _ratio(scale)
    says = header.unavailable
    return Number(
        address=address,
        encoding=encoding,
        order=order,
        multiplier=multiplier,
        divisor=divisor,
        unavailable=says.sentinel(encoding) if says else None,
        says_unavailable=says is not None,
    )


def _ratio(scale: float) -> tuple[float, int]:
    """Give a scale as multiplier and divisor: 0.1 is 1 / 10, 1000.0 is 1000 / 1.

    >>> _ratio(0.1), _ratio(-0.01), _ratio(1000.0), _ratio(2.5)
    ((1, 10), (-1, 100), (1000, 1), (2.5, 1))
    """
    if float(scale).is_integer():
        return int(scale), 1
    inverse = round(1 / abs(scale))
    if inverse and 1 / inverse == abs(scale):
        return (1 if scale > 0 else -1), inverse
    return scale, 1

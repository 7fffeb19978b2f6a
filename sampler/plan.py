# SPDX-License-Identifier: Apache-2.0
"""Registers to blocks by wire cost, and the blocks' bytes to values."""

import functools
import itertools
from collections.abc import Iterable, Sequence

import msgspec

from ipc.sample import ABSENT, Quantity
from sampler import field
from sampler.decoder import Decoder, Pending, finish
from sampler.field import Field
from sampler.registermap import Exponent, Profile, Register
from sampler.wire import Wire


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive registers of one read.

    optional  some meters of the model refuse it, and are none the worse
    """

    function_code: int
    address: int
    count: int
    optional: bool = False


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """What the blocks of one meter say, in the order of QUANTITIES.

    implausible  quantities that cannot be true; they are absent in `values`
    """

    values: tuple[float | int, ...]
    implausible: tuple[Quantity, ...]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How one meter is read: its blocks in order, each with its decoder."""

    blocks: tuple[Block, ...]
    decoders: tuple[Decoder, ...]

    def decode(self, answers: Sequence[bytes | None]) -> Values:
        """Turn the answers of the blocks, None where there is none, into values.

        What is scaled by a register that was not read, or that the meter does not
        have, is absent.
        """
        values: list[float] = list(ABSENT)
        implausible: list[Quantity] = []
        exponents: dict[str | None, int] = {None: 0}  # no exponent is 10^0
        pending: list[Pending] = []
        for decoder, answer in zip(self.decoders, answers, strict=True):
            if answer is not None:
                implausible += decoder.decode(answer, values, exponents, pending)
        for item in pending:
            if item.field.exponent in exponents:
                exponent = exponents[item.field.exponent]
                implausible += finish(item, exponent, values)
        return Values(values=tuple(values), implausible=tuple(implausible))

    def read_s(self, wire: Wire, *, turnaround_s: float) -> float:
        """Time the whole plan takes on the wire."""
        return sum(
            wire.read_s(block.count, turnaround_s=turnaround_s) for block in self.blocks
        )


class _Span(msgspec.Struct, frozen=True, kw_only=True):
    """A field, and which blocks it may be part of: those of its own kind.

    kind  function code, whether optional, and a name where it must be alone
    """

    kind: tuple[bool, int, str]
    start: int
    end: int
    field: Field


def plan(profile: Profile, wire: Wire) -> Plan:
    """Split a profile's registers into the blocks that cost the wire least.

    A gap is read when that is cheaper than another request. Blocks never mix
    function codes, nor what every meter of the model has with what some refuse.
    """
    groups = [
        group
        for _, spans in itertools.groupby(_spans(profile), key=lambda span: span.kind)
        for group in _cut(list(spans), profile, wire)
    ]
    return Plan(
        blocks=tuple(_block(group) for group in groups),
        decoders=tuple(
            Decoder([span.field for span in group], start=group[0].start)
            for group in groups
        ),
    )


def _spans(profile: Profile) -> list[_Span]:
    """Give everything that is to be read, by kind and then by address."""
    used = {register.exponent for register in profile.registers.values()} - {None}
    spans = [
        _span(profile, quantity, register)
        for quantity, register in profile.registers.items()
    ]
    spans += [
        _exponent_span(profile, name, exponent)
        for name, exponent in profile.exponents.items()
        if name in used
    ]
    return sorted(spans, key=lambda span: (span.kind, span.start, span.end))


def _span(profile: Profile, quantity: Quantity, register: Register) -> _Span:
    header = profile.meter
    code = register.function_code or header.function_code
    return _Span(
        kind=(register.optional, code, quantity.value if register.alone else ""),
        start=register.start,
        end=register.end,
        field=field.of_quantity(quantity, register, header),
    )


def _exponent_span(profile: Profile, name: str, exponent: Exponent) -> _Span:
    header = profile.meter
    return _Span(
        kind=(False, exponent.function_code or header.function_code, ""),
        start=exponent.address,
        end=exponent.address + exponent.encoding.words,
        field=field.of_exponent(name, exponent, header),
    )


def _cut(
    spans: Sequence[_Span], profile: Profile, wire: Wire
) -> Iterable[Sequence[_Span]]:
    """Cut the spans of one kind where it costs the wire least.

    They are sorted, so the best cut is a shortest path over the places to cut (a
    handful of registers: quadratic is nothing).
    """
    limit = profile.limits.largest_block
    turnaround_s = profile.limits.turnaround_ms / 1000

    @functools.cache
    def best(first: int) -> tuple[float, tuple[int, ...]]:
        """Give the least time from span `first` on, and where its blocks end."""
        if first == len(spans):
            return 0.0, ()
        options = []
        start, end = spans[first].start, 0
        for last in range(first, len(spans)):
            if spans[last].start < end:
                break  # overlaps the one before: needs a block of its own
            end = spans[last].end
            if end - start > limit and last > first:
                break
            rest_s, cuts = best(last + 1)
            here_s = wire.read_s(end - start, turnaround_s=turnaround_s)
            options.append((here_s + rest_s, (last + 1, *cuts)))
        return min(options)

    cuts = best(0)[1]
    return [spans[a:b] for a, b in zip((0, *cuts), cuts, strict=False)]


def _block(group: Sequence[_Span]) -> Block:
    optional, function_code, _ = group[0].kind
    return Block(
        function_code=function_code,
        address=group[0].start,
        count=group[-1].end - group[0].start,
        optional=optional,
    )

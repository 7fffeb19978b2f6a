# SPDX-License-Identifier: Apache-2.0
"""What to do when a meter will not give a block: ask for less at a time.

A block that is too long for the device, or that crosses registers it does not have,
is refused ("illegal data address", "illegal data value"), or met with silence by some
devices. It is read in two parts from then on, and each part that fails in two again,
until what is left is the one value that the meter really does not have.
"""

from typing import assert_never

import msgspec

from ipc.sample import Quality
from sampler.decoder import Decoder
from sampler.fault import Fault
from sampler.field import ExponentField, Field, Number, QuantityField
from sampler.plan import Block, Plan

ILLEGAL_ADDRESS, ILLEGAL_VALUE = 2, 3

REFUSALS = 2
"""In a row: one alone may be the late answer to something else."""

REFUSALS_OF_ALL = 60
"""In a row, from a meter that gives nothing else: some refuse while they start."""

SILENCES = 3
"""In a row, from a meter that gives other blocks: fewer may be the line's fault."""


class Denials:
    """Counts what each block meets with, to tell one that the meter does not give."""

    def __init__(self) -> None:
        self._refusals: dict[Block, int] = {}
        self._silences: dict[Block, int] = {}

    def given(self, block: Block) -> None:
        """Take note of an answer with data."""
        self._refusals.pop(block, None)
        self._silences.pop(block, None)

    def denied(self, block: Block, fault: Fault, *, is_well: bool) -> bool:
        """Take note of a fault; whether to ask for less.

        is_well  the meter gave something else in the same reading
        """
        if is_illegal(fault):
            counts = self._refusals
            most = REFUSALS if is_well else REFUSALS_OF_ALL
        elif fault.kind is Quality.TIMEOUT and is_well:
            counts, most = self._silences, SILENCES
        else:
            return False
        counts[block] = min(counts.get(block, 0) + 1, REFUSALS_OF_ALL)
        return counts[block] >= most


def is_illegal(fault: Fault) -> bool:
    """Whether a meter says that it cannot give this, rather than not now."""
    is_refusal = fault.kind is Quality.REFUSED
    return is_refusal and fault.code in (ILLEGAL_ADDRESS, ILLEGAL_VALUE)


def halves(whole: Plan, block: Block) -> Plan | None:
    """Give a plan of the block in two reads; None if it is one value only.

    Cut at its widest gap, which may be what the meter does not have, else in the
    middle. A value and the exponent it is scaled by may come from two reads.
    """
    decoder = whole.decoders[whole.blocks.index(block)]
    fields = sorted(decoder.fields, key=_start)
    if len(fields) < 2:
        return None
    middle = block.address + block.count // 2
    cut = max(
        range(1, len(fields)),
        key=lambda at: (
            _start(fields[at]) - _end(fields[at - 1]),
            -abs(_start(fields[at]) - middle),
        ),
    )
    parts = fields[:cut], fields[cut:]
    return Plan(
        blocks=tuple(
            msgspec.structs.replace(
                block,
                address=_start(part[0]),
                count=_end(part[-1]) - _start(part[0]),
            )
            for part in parts
        ),
        decoders=tuple(Decoder(part, start=_start(part[0])) for part in parts),
    )


def replace(whole: Plan, block: Block, pieces: Plan | None) -> Plan:
    """Give the plan with the pieces, or nothing, in the block's place if it has it."""
    if block not in whole.blocks:
        return whole
    at = whole.blocks.index(block)
    blocks = pieces.blocks if pieces else ()
    decoders = pieces.decoders if pieces else ()
    return Plan(
        blocks=(*whole.blocks[:at], *blocks, *whole.blocks[at + 1 :]),
        decoders=(*whole.decoders[:at], *decoders, *whole.decoders[at + 1 :]),
    )


def _start(field: Field) -> int:
    return min(number.address for number in _numbers(field))


def _end(field: Field) -> int:
    return max(number.end for number in _numbers(field))


def _numbers(field: Field) -> tuple[Number, ...]:
    match field:
        case QuantityField():
            return field.numbers
        case ExponentField():
            return (field.number,)
        case _:
            assert_never(field)

# SPDX-License-Identifier: Apache-2.0
"""What tests ask on a line, what its far end says first, and what came of it."""

import struct

from ipc.sample import Quality
from sampler.fault import Fault
from sampler.plan import Block
from tests.sampler.wires import good

BLOCK = Block(function_code=4, address=0x0034, count=24)
OTHER = Block(function_code=4, address=0x1000, count=10)


def held_by(block: Block) -> bytes:
    """Give what a meter holds there: each register its own address."""
    return struct.pack(
        f">{block.count}H", *range(block.address, block.address + block.count)
    )


def first(script, then=good):
    """Script: this for the first request, that for all others."""
    scripts = iter([script])

    def chosen(request):
        return next(scripts, then)(request)

    return chosen


def kind_of(answer: bytes | Fault) -> Quality:
    """Give the fault's kind, or that there was an answer."""
    return answer.kind if isinstance(answer, Fault) else Quality.GOOD

# SPDX-License-Identifier: Apache-2.0
"""Reads whose answers cannot be taken for each other: they differ in length.

RTU has no number that ties an answer to its request. Of two reads of one meter with
the same function code, only the length tells the answers apart. So no two blocks
that follow each other are asked with one length: an answer that comes twice is not
taken for the next. And the probe of a meter that has been silent has a length that
none of its blocks has: once it is answered, whatever the meter still owed has been
said, and what is said next is the answer to what is asked next. There are a few
probes, used in turns, because one of them may be what is still owed.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from sampler.plan import Block
from sampler.registermap import Profile, Register

ADDRESSES = 0x10000


def distinct(
    blocks: Sequence[Block],
    profile: Profile,
    *,
    exact: Collection[Block] = (),
    reserved: Collection[int] = (),
) -> tuple[Block, ...]:
    """Give what to ask for each block: itself, or a value or two more.

    The last block is followed by the first, with the next tick.

    exact     blocks to be asked as they are: the meter has refused them longer; a
              length that cannot be made different stays as it is too
    reserved  lengths of other reads, which no block may have
    """
    asked: list[Block] = []
    for number, block in enumerate(blocks):
        following = blocks[(number + 1) % len(blocks)]
        others = {*reserved, *(before.count for before in asked[-1:])}
        if following is blocks[0]:
            others |= {before.count for before in asked[:1]}
        elif not _may_grow(following, profile, exact):
            others.add(following.count)
        if not asked and not _may_grow(blocks[-1], profile, exact):
            others.add(blocks[-1].count)
        ask = block
        if block.count in others and _may_grow(block, profile, exact):
            ask = _grown(block, profile, others | {following.count}) or block
        asked.append(ask)
    return tuple(asked)


def probes(taken: Collection[int], profile: Profile, *, most: int) -> tuple[Block, ...]:
    """Give a few short reads, each of a length of its own that is not taken.

    They read whole values where they can. Where they cannot, they may be refused, and
    that is as good an answer.
    """
    runs = sorted(_runs(profile), key=lambda run: (run.count, run.address))
    found: dict[int, Block] = {}
    for run in runs:
        if run.count not in taken:
            found.setdefault(run.count, run)
    while runs and len(found) < most:
        longer = _grown(runs[0], profile, {*taken, *found})
        if longer is None:
            break
        found[longer.count] = longer
    return tuple(found.values())[:most]


def _runs(profile: Profile) -> Iterator[Block]:
    """Give all reads of one or more values that follow each other without a gap."""
    registers = sorted(
        (r for r in profile.registers.values() if not r.optional),
        key=lambda register: register.start,
    )
    for first, register in enumerate(registers):
        code, end = _code(register, profile), register.start
        if register.alone:
            continue
        for following in registers[first:]:
            follows = following.start == end and _code(following, profile) == code
            if following.alone or not follows:
                break
            end = following.end
            if end - register.start > profile.limits.largest_block:
                break
            yield Block(
                function_code=code, address=register.start, count=end - register.start
            )


def _may_grow(block: Block, profile: Profile, exact: Collection[Block]) -> bool:
    """Whether more may be asked for than is wanted."""
    end = block.address + block.count
    alone = any(
        register.alone and block.address <= register.start < end
        for register in profile.registers.values()
    )
    return not (alone or block.optional or block in exact)


def _grown(block: Block, profile: Profile, taken: Collection[int]) -> Block | None:
    """Give the block with the fewest values more that make its length its own."""
    step = _words_at_end(block, profile)
    most = min(profile.limits.largest_block, ADDRESSES - block.address)
    for count in range(block.count + step, most + 1, step):
        if count not in taken:
            return msgspec.structs.replace(block, count=count)
    return None


def _words_at_end(block: Block, profile: Profile) -> int:
    """Give the registers of its last value: some meters refuse half of one."""
    end = block.address + block.count
    ending = (r.end - r.start for r in profile.registers.values() if r.end == end)
    return min(ending, default=1)


def _code(register: Register, profile: Profile) -> int:
    return register.function_code or profile.meter.function_code

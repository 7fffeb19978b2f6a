# SPDX-License-Identifier: Apache-2.0
"""Reads the blocks of one meter, and learns how this meter wants to be read."""

from collections.abc import Sequence

import msgspec

from ipc.sample import Quality
from sampler import fallback, lengths
from sampler.fallback import Denials
from sampler.fault import Bus, Fault
from sampler.plan import Block, Plan, Values
from sampler.registermap import Profile

PROBES = 4
"""A meter would have to be so many silences late to be misunderstood."""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """A block the meter does not give, and what is asked for instead from now on."""

    block: Block
    pieces: tuple[Block, ...]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one meter said.

    fault     the last fault that left a hole, if one did
    answered  whether the meter said anything, were it only a refusal
    lesson    what was learned, if anything was
    """

    values: Values
    fault: Fault | None
    answered: bool
    lesson: Lesson | None


class _Denial(msgspec.Struct, frozen=True, kw_only=True):
    """A block, what was asked for it, and what came instead."""

    block: Block
    ask: Block
    fault: Fault

    @property
    def is_bearable(self) -> bool:
        """Whether a model's meters may deny it and be none the worse."""
        return self.block.optional and self.fault.kind is Quality.REFUSED


class Reader:
    """Reads one meter by its plans.

    plan     everything there is
    fast     what is read when the energies are not; the same plan if they always are
    profile  without one, the plan is kept whatever the meter says to it
    """

    def __init__(
        self,
        *,
        unit_id: int,
        bus: Bus,
        plan: Plan,
        fast: Plan | None = None,
        profile: Profile | None = None,
    ) -> None:
        self._unit_id = unit_id
        self._bus = bus
        self._plans = (plan, fast or plan)
        self._profile = profile
        self._denials = Denials()
        self._exact: set[Block] = set()
        self._lengths: set[int] = set()
        self._probes: tuple[Block, ...] = ()
        self._in_step = True
        self._choose()

    def read(self, *, with_energy: bool) -> Reading:
        """Read until the meter is silent: behind that, it would only cost bus time.

        A refusal does not end the reading: it came at once, and other blocks may do.
        """
        which = 0 if with_energy else 1
        plan, asked = self._plans[which], self._asked[which]
        probed = self._catch_up()
        answers: list[bytes | None] = []
        denials: list[_Denial] = []
        for block, ask in zip(plan.blocks, asked, strict=True):
            answer = self._ask(ask) if self._in_step else None
            answers.append(answer if isinstance(answer, bytes) else None)
            if isinstance(answer, Fault):
                denials.append(_Denial(block=block, ask=ask, fault=answer))
            elif answer is not None:
                self._denials.given(block)
        is_well = isinstance(probed, bytes) or any(answers)
        faults = [denial.fault for denial in denials]
        if isinstance(probed, Fault):
            faults.insert(0, probed)
        return Reading(
            values=plan.decode(answers),
            fault=_last_hole(probed, denials),
            answered=is_well or any(f.kind is Quality.REFUSED for f in faults),
            lesson=self._learn_from(denials, is_well=is_well),
        )

    @property
    def is_in_step(self) -> bool:
        """Whether nothing is owed that could be taken for the next answer."""
        return self._in_step

    def doubt(self) -> None:
        """Take note that somebody else's read of this meter was not answered."""
        self._in_step = False

    def _ask(self, block: Block) -> bytes | Fault:
        """Read one block; behind a silence the answers may be out of step."""
        answer = self._bus.read(self._unit_id, block)
        if isinstance(answer, Fault) and answer.kind is not Quality.REFUSED:
            self._in_step = False
        return answer

    def _catch_up(self) -> bytes | Fault | None:
        """After a silence: ask for what tells its answer from any that is owed.

        Its data is not used, so a late answer to an earlier probe does no harm.
        """
        if self._in_step or not self._probes:
            self._in_step = True
            return None
        self._in_step = True
        answer = self._ask(self._probes[0])
        if self._in_step:
            self._probes = self._probes[1:] + self._probes[:1]
        return answer

    def _learn_from(
        self, denials: Sequence[_Denial], *, is_well: bool
    ) -> Lesson | None:
        """Ask for less of what the meter keeps denying; give what was learned last.

        is_well  it gave other data meanwhile: it is not just starting. Where that
                 cannot be told, a probe is to tell it with the next reading.
        """
        lesson = None
        for denial in denials:
            block, fault = denial.block, denial.fault
            if self._denials.denied(block, fault, is_well=is_well) and self._profile:
                lesson = self._learn(block, denial.ask) or lesson
            if fallback.is_illegal(fault) and not is_well:
                self._in_step = False
        return lesson

    def _learn(self, block: Block, ask: Block) -> Lesson | None:
        """Ask for exactly this block, or for it in two parts, or for none of it."""
        lesson = None
        if ask.count != block.count:
            self._exact |= {
                each
                for plan in self._plans
                for each in plan.blocks
                if each.count == block.count
            }
        else:
            full, fast = self._plans
            pieces = fallback.halves(full if block in full.blocks else fast, block)
            if not pieces and not block.optional:
                return None
            lesson = Lesson(block=block, pieces=pieces.blocks if pieces else ())
            self._plans = (
                fallback.replace(full, block, pieces),
                fallback.replace(fast, block, pieces),
            )
        self._denials.given(block)
        self._choose()
        return lesson

    def _choose(self) -> None:
        """Choose what to ask for, so that no answer can be taken for another.

        The probes avoid every length that was ever asked for, and stay the same if
        they can: what is still owed may be the answer to a read of before.
        """
        self._asked = tuple(plan.blocks for plan in self._plans)
        if not self._profile:
            return
        reserved = {probe.count for probe in self._probes}
        self._asked = tuple(
            lengths.distinct(
                plan.blocks, self._profile, exact=self._exact, reserved=reserved
            )
            for plan in self._plans
        )
        self._lengths |= {block.count for asked in self._asked for block in asked}
        if not reserved or reserved & self._lengths:
            self._probes = lengths.probes(self._lengths, self._profile, most=PROBES)


def _last_hole(
    probed: bytes | Fault | None, denials: Sequence[_Denial]
) -> Fault | None:
    """Give the last fault that left a hole, if one did.

    A refused probe leaves none, nor does a block that a model's meters may refuse.
    """
    faults = [probed] if isinstance(probed, Fault) else []
    faults = [fault for fault in faults if fault.kind is not Quality.REFUSED]
    faults += [denial.fault for denial in denials if not denial.is_bearable]
    return faults[-1] if faults else None

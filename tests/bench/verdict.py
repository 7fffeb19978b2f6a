# SPDX-License-Identifier: Apache-2.0
"""Whether a budget holds: told by rounds that are each compared with itself.

A budget is broken when so many rounds are above its limit that this would come by
chance in fewer than one of fifty runs even if the truth were right at the limit.
So noise seldom breaks one, a real loss breaks it whenever it is larger than the
noise, and a figure far below its limit is not broken by chance at all.
"""

import enum
import statistics
from collections.abc import Sequence
from typing import assert_never

import msgspec

from tests.bench.figures import chance_of, exponent, percentile, short
from tests.bench.record import OURS, Record, Series

ALPHA = 0.02
"""The chance of a false alarm, of a figure that is exactly at its limit.

And of one in 2500, because what is broken is measured a second time."""

WORSE, EXPONENT_WORSE = 1.25, 0.05
"""Beside a baseline, a ratio is worse from so many times of it on, an exponent from so
much more on: machines and neighbours differ."""


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """Ours divided by a rival's must be at most this.

    at      the percentile that is compared, in each round
    goal    what we wish, where the limit is what we can hold
    beside  what the limit is taken from, if not from the table
    """

    section: str
    case: str
    metric: str
    rival: str
    at_most: float
    reason: str
    at: float = 50
    goal: float | None = None
    beside: str = ""


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """A cost must grow at most with this power of the size."""

    section: str
    case: str
    metric: str
    at_most: float
    reason: str
    beside: str = ""


class Never(msgspec.Struct, frozen=True, kw_only=True):
    """A count of ours that must be zero.

    but_starved  a neighbour can make it anything else for a while: it is broken only
                 if no round is free of it
    """

    section: str
    case: str
    metric: str
    reason: str
    at_most: float = 0
    but_starved: bool = False


Budget = Ratio | Growth | Never


class State(enum.StrEnum):
    """Of a budget."""

    HELD = "held"
    BROKEN = "BROKEN"
    UNMEASURED = "not measured"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A budget and what was found; one figure a round."""

    budget: Budget
    state: State
    figures: list[float]

    @property
    def figure(self) -> float:
        """The one that stands for all."""
        return statistics.median(self.figures)


def title(budget: Budget) -> str:
    """Say what is budgeted, in one line."""
    what = f"{budget.section} · {budget.case} · {budget.metric}"
    match budget:
        case Ratio(rival=rival, at=at, beside=beside):
            return f"{what}{'' if at == 50 else f' p{at:g}'} / {rival}{beside}"
        case Growth(beside=beside):
            return f"{what}, exponent{beside}"
        case Never():
            return what
    assert_never(budget)


def judge(budget: Budget, record: Record) -> Verdict:
    """Judge one budget."""
    figures = figures_of(budget, record)
    state = State.UNMEASURED
    if figures:
        state = State.BROKEN if _is_broken(budget, figures) else State.HELD
    return Verdict(budget=budget, state=state, figures=figures)


def _is_broken(budget: Budget, figures: Sequence[float]) -> bool:
    """Whether the figures are above the limit, and not by chance."""
    above = sum(figure > budget.at_most for figure in figures)
    if isinstance(budget, Never):
        return above == len(figures) if budget.but_starved else above > 0
    return chance_of(above, len(figures)) <= ALPHA


def judge_beside(budget: Budget, record: Record, baseline: Record) -> Verdict | None:
    """Judge one budget by what a baseline reached; None if it was not measured there."""
    before = figures_of(budget, baseline)
    if not before or isinstance(budget, Never):
        return None
    found = statistics.median(before)
    is_ratio = isinstance(budget, Ratio)
    limit = found * WORSE if is_ratio else found + EXPONENT_WORSE
    beside = msgspec.structs.replace(
        budget,
        at_most=limit,
        reason=f"it was {short(found)} in the baseline",
        beside=" beside the baseline",
    )
    return judge(beside, record)


def figures_of(budget: Budget, record: Record) -> list[float]:
    """Give one figure a round; none if it was not measured."""
    found = record.find(budget.section, budget.case, budget.metric)
    by_name = {series.name: series for series in found}
    match budget:
        case Ratio(rival=rival, at=at):
            if not {OURS, rival} <= by_name.keys():
                return []
            return ratios(by_name[OURS], by_name[rival], at=at)
        case Growth():
            return _exponents(found)
        case Never():
            ours = by_name.get(OURS)
            return [max(each) for each in ours.rounds] if ours else []
    assert_never(budget)


def ratios(ours: Series, theirs: Series, *, at: float = 50) -> list[float]:
    """Compare two contenders round by round."""
    return [
        percentile(mine, at) / percentile(other, at)
        for mine, other in zip(ours.rounds, theirs.rounds, strict=False)
    ]


def _exponents(sized: Sequence[Series]) -> list[float]:
    """Fit the tenth percentiles: what makes a call longer is mostly not the call."""
    if len(sized) < 3:
        return []
    sizes = [series.size or 1 for series in sized]
    return [
        exponent(sizes, [percentile(samples, 10) for samples in costs])
        for costs in zip(*(series.rounds for series in sized), strict=False)
    ]

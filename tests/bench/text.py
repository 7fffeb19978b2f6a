# SPDX-License-Identifier: Apache-2.0
"""What the terminal shows: ratios first, then what was measured."""

import itertools
import statistics
from collections.abc import Iterator, Sequence

from tests.bench.figures import percentile, short
from tests.bench.record import OURS, Series
from tests.bench.verdict import State, Verdict, ratios, title

SPREAD = {"p10": 10, "median": 50, "p90": 90, "p99": 99, "max": 100}
"""What is shown of a distribution: its head, and its percentile."""


def case(measured: Sequence[Series]) -> str:
    """Show one case, a table a metric."""
    return "\n".join(_case(measured))


def _case(measured: Sequence[Series]) -> Iterator[str]:
    for metric, group in itertools.groupby(measured, key=lambda it: it.metric):
        series = list(group)
        yield f"\n{series[0].section} · {series[0].case} · {metric}"
        heads = "".join(f" {head:>7}" for head in SPREAD)
        yield f"{'ours / its':>10}  {'rounds':>16}{heads}"
        first = next((each for each in series if each.name == OURS), series[0])
        for each in series:
            found, rounds = ratio(first, each)
            numbers = "".join(f" {number:>7}" for number in spread(each))
            yield f"{found:>10}  {rounds:>16}{numbers}  {each.name}"


def spread(series: Series) -> list[str]:
    """Give what stands under the heads of SPREAD, of all rounds' samples."""
    samples = [sample for samples in series.rounds for sample in samples]
    return [short(percentile(samples, at)) for at in SPREAD.values()]


def ratio(ours: Series, theirs: Series) -> tuple[str, str]:
    """Give the median of the rounds' ratios, and their spread; "" if there is none."""
    divisors = [percentile(samples, 50) for samples in theirs.rounds]
    if ours is theirs or not all(divisors) or len(ours.rounds) < 2:
        return "", ""
    found = ratios(ours, theirs)
    rounds = f"{short(min(found))} .. {short(max(found))}"
    return short(statistics.median(found)), rounds


def judgement(verdicts: Sequence[Verdict]) -> str:
    """Show every budget, the broken ones last, where they are seen."""
    ordered = sorted(verdicts, key=lambda verdict: verdict.state is State.BROKEN)
    lines = [f"\n{'budget':<14}{'found':>8}  {'limit':>8}"]
    for verdict in ordered:
        found = short(verdict.figure, 4) if verdict.figures else "-"
        limit = short(verdict.budget.at_most)
        goal = getattr(verdict.budget, "goal", None)
        name = title(verdict.budget) + (f" (goal {short(goal)})" if goal else "")
        lines.append(f"{verdict.state:<14}{found:>8}  {limit:>8}  {name}")
        if verdict.state is State.BROKEN:
            lines.append(f"{'':34}{verdict.budget.reason}")
    counts = [
        f"{sum(verdict.state is state for verdict in verdicts)} {state}"
        for state in State
    ]
    return "\n".join([*lines, f"budgets: {', '.join(counts)}"])

# SPDX-License-Identifier: Apache-2.0
"""What the terminal shows: ratios first, then what was measured."""

import itertools
import statistics
from collections.abc import Iterator, Sequence

from tests.bench.figures import percentile, short
from tests.bench.record import OURS, Series
from tests.bench.verdict import State, Verdict, ratios, title


def case(measured: Sequence[Series]) -> str:
    """Show one case, a table a metric."""
    return "\n".join(_case(measured))


def _case(measured: Sequence[Series]) -> Iterator[str]:
    for metric, group in itertools.groupby(measured, key=lambda it: it.metric):
        series = list(group)
        yield f"\n{series[0].section} · {series[0].case} · {metric}"
        yield f"  {'ours / its':>10}  {'rounds':>16}{'median':>10}  {'p10 .. p90':>18}"
        first = next((each for each in series if each.name == OURS), series[0])
        for each in series:
            samples = [sample for samples in each.rounds for sample in samples]
            p10, p50, p90 = (short(percentile(samples, at)) for at in (10, 50, 90))
            found, spread = ratio(first, each)
            yield (
                f"  {found:>10}  {spread:>16}{p50:>10}  {p10:>8} .. {p90:<8}  {each.name}"
            )


def ratio(ours: Series, theirs: Series) -> tuple[str, str]:
    """Give the median of the rounds' ratios, and their spread; "" if there is none."""
    divisors = [percentile(samples, 50) for samples in theirs.rounds]
    if ours is theirs or not all(divisors) or len(ours.rounds) < 2:
        return "", ""
    found = ratios(ours, theirs)
    spread = f"{short(min(found))} .. {short(max(found))}"
    return short(statistics.median(found)), spread


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

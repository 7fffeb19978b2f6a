# SPDX-License-Identifier: Apache-2.0
"""One page that needs nothing but itself: budgets, distributions, history."""

import itertools
import statistics
from collections.abc import Iterator, Sequence
from html import escape

from tests.bench import svg
from tests.bench.figures import short
from tests.bench.record import OURS, Record, Series
from tests.bench.svg import Strip
from tests.bench.text import SPREAD, ratio, spread
from tests.bench.verdict import Ratio, Verdict, figures_of, title

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 60em;
  padding: 0 1em; color: #1a1a1a; background: #fff }
h2 { margin-top: 2em } h3 { margin: 1.5em 0 .3em; font-size: 1em }
table { border-collapse: collapse; font-size: 13px }
td, th { padding: .2em .8em .2em 0; text-align: left; vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.broken { color: #b00020; font-weight: bold } .quiet { color: #666 }
svg { display: block } svg text { font: 12px system-ui, sans-serif }
svg .mark { text-anchor: middle; fill: #666 } svg line { stroke: #ddd }
svg .median { stroke: #111; stroke-width: 2 } svg .limit { stroke: #b00020 }
svg circle.ours { fill: #0b6e4f } svg circle.other { fill: #8a8a8a }
svg rect.ours { fill: #0b6e4f; opacity: .25 } svg rect.other { fill: #888; opacity: .25 }
svg polyline { fill: none; stroke: #0b6e4f }
"""


def page(record: Record, verdicts: Sequence[Verdict], history: Sequence[Record]) -> str:
    """Write the whole page."""
    parts = [
        "<!doctype html><meta charset=utf-8><title>everest-powermeter: benches</title>",
        f"<style>{STYLE}</style><h1>everest-powermeter, measured</h1>",
        *_origin(record),
        "<h2>Budgets</h2><table><tr><th><th>found<th>limit<th>goal<th>what, and why",
        *map(_row, verdicts),
        "</table>",
    ]
    if history:
        parts += _history(verdicts, history)
    parts.append("<h2>What was measured</h2><p class=quiet>Each dot is a sample, the")
    parts.append("bar the middle 80 %, the line the median. Left is better. With")
    parts.append("each: ours divided by it, the median of the rounds' ratios.</p>")
    parts += _cases(record)
    return "\n".join(parts)


def _origin(record: Record) -> Iterator[str]:
    machine = record.machine
    versions = ", ".join(f"{name} {v}" for name, v in record.versions.items())
    yield f"<p>Commit {escape(record.commit)}, {escape(record.started)},"
    yield f"{'quick' if record.is_quick else 'full'} form.<br>"
    yield f"{escape(machine.cpu)}, {machine.cores} cores, Linux"
    yield f"{escape(machine.kernel)}, load {machine.load} at the start.<br>"
    yield f"<span class=quiet>{escape(versions)}</span></p>"
    for note in record.notes:
        yield f"<p>Note: {escape(note)}</p>"


def _row(verdict: Verdict) -> str:
    budget = verdict.budget
    goal = budget.goal if isinstance(budget, Ratio) else None
    found = short(verdict.figure, 4) if verdict.figures else ""
    numbers = (found, short(budget.at_most), short(goal) if goal else "")
    cells = "".join(f"<td class=number>{number}" for number in numbers)
    return (
        f'<tr><td class="{verdict.state.lower()}">{verdict.state}{cells}'
        f"<td>{escape(title(budget))}<br>"
        f"<span class=quiet>{escape(budget.reason)}</span>"
    )


def _history(verdicts: Sequence[Verdict], history: Sequence[Record]) -> Iterator[str]:
    """Draw every budget's figure over the runs that measured it."""
    yield "<h2>History</h2>"
    for verdict in verdicts:
        points = [
            (f"{record.commit} {record.started}", statistics.median(figures))
            for record in history
            if (figures := figures_of(verdict.budget, record))
        ]
        if points:
            yield f"<h3>{escape(title(verdict.budget))}</h3>"
            yield svg.course(points, limit=verdict.budget.at_most)


def _cases(record: Record) -> Iterator[str]:
    def place(series: Series) -> tuple[str, str, str]:
        return series.section, series.case, series.metric

    for (section, case, metric), group in itertools.groupby(record.series, key=place):
        series = list(group)
        yield f"<h3>{escape(f'{section} · {case} · {metric}')}</h3>"
        first = next((each for each in series if each.name == OURS), series[0])
        yield svg.strips(
            [
                Strip(
                    name=_label(each, ratio(first, each)[0]),
                    samples=[sample for samples in each.rounds for sample in samples],
                    is_ours=each is first,
                )
                for each in series
            ]
        )
        yield from _numbers(series)


def _numbers(series: Sequence[Series]) -> Iterator[str]:
    """Show the tails as well, which dots that lie on each other do not tell."""
    yield f"<table class=quiet><tr><th>{''.join(f'<th>{head}' for head in SPREAD)}"
    for each in series:
        cells = "".join(f"<td class=number>{number}" for number in spread(each))
        yield f"<tr><td>{escape(each.name)}{cells}"
    yield "</table>"


def _label(series: Series, found: str) -> str:
    return f"{series.name} ({found})" if found else series.name

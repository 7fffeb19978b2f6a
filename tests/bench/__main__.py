# SPDX-License-Identifier: Apache-2.0
"""Measures, compares, judges, reports: `sh tests/bench.sh --help`."""

import argparse
import importlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench import alarms, machine, profiling, report, text
from tests.bench.budgets import BUDGETS, judge_all
from tests.bench.contest import FULL, QUICK, Effort
from tests.bench.record import Record, Series, folder, load, save
from tests.bench.verdict import State, Verdict, judge_beside

SECTIONS = ("ring", "bus", "scheduler", "path", "codec", "scale", "footprint")

TMPFS = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in it
"""Where rings are measured: /run/powermeter is on one too."""

PASSED, BROKEN, USAGE = 0, 1, 2
"""Exit statuses."""


def main() -> int:
    """Do what the command line says; give the exit status."""
    options = _options()
    if options.false_alarms:
        return alarms.tell(folder(options.false_alarms))
    if options.profile:
        return profiling.profile(options.profile)
    effort = QUICK if options.quick else FULL
    sections = options.only or SECTIONS
    record = machine.describe(is_quick=effort.is_quick)
    for note in record.notes:
        print(f"note: {note}")
    record = _measure(sections, effort, record)
    baseline = load(options.baseline) if options.baseline else None
    verdicts = _judge(record, baseline)
    if broken := [verdict for verdict in verdicts if verdict.state is State.BROKEN]:
        again = tuple(dict.fromkeys(each.budget.section for each in broken))
        print(text.judgement(broken))
        print(f"measured once more, to be sure: {', '.join(again)}")
        second = _measure(again, effort, record)
        verdicts = confirmed(verdicts, _judge(second, baseline))
    print(text.judgement(verdicts))
    if options.json:
        save(record, options.json)
    if options.report:
        history = folder(options.history) if options.history else []
        options.report.write_text(report.page(record, verdicts, history))
    is_broken = any(verdict.state is State.BROKEN for verdict in verdicts)
    return BROKEN if is_broken else PASSED


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench.sh", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="what CI runs: under four minutes")
    add("--only", action="append", choices=SECTIONS, metavar="SECTION")
    add("--json", type=Path, metavar="FILE", help="write every sample")
    add("--baseline", type=Path, metavar="FILE", help="judge beside that run, too")
    add("--report", type=Path, metavar="FILE.html", help="write a page to look at")
    add("--history", type=Path, metavar="DIR", help="of --json files, for the report")
    add("--profile", type=Path, metavar="DIR", help="only write flame graphs")
    add(
        "--false-alarms",
        type=Path,
        metavar="DIR",
        help="only count how many runs of one commit would have failed",
    )
    return parser.parse_args()


def _measure(sections: tuple[str, ...], effort: Effort, record: Record) -> Record:
    """Measure the sections; print each case when it is there."""
    series = [each for name in sections for each in _section(name, effort)]
    return msgspec.structs.replace(record, series=series)


def _section(name: str, effort: Effort) -> Iterator[Series]:
    section = importlib.import_module(f"tests.bench.sections.{name}")
    on_disk = getattr(section, "ON_DISK", False)
    place = None if on_disk or not TMPFS.is_dir() else TMPFS
    with tempfile.TemporaryDirectory(
        prefix="powermeter-bench-", dir=place
    ) as directory:
        measured: list[Series] = []
        for series in section.run(effort, Path(directory)):
            if measured and series.case != measured[0].case:
                print(text.case(measured), flush=True)
                measured.clear()
            measured.append(series)
            yield series
        print(text.case(measured), flush=True)


def _judge(record: Record, baseline: Record | None) -> list[Verdict]:
    measured = {series.section for series in record.series}
    verdicts = [it for it in judge_all(record) if it.budget.section in measured]
    if baseline:
        beside = [judge_beside(budget, record, baseline) for budget in BUDGETS]
        verdicts += [it for it in beside if it and it.budget.section in measured]
    return verdicts


def confirmed(first: list[Verdict], second: list[Verdict]) -> list[Verdict]:
    """Hold a budget to be broken only if it is broken twice."""
    confirming = {verdict.budget: verdict for verdict in second}
    return [
        confirming.get(verdict.budget, verdict)
        if verdict.state is State.BROKEN
        else verdict
        for verdict in first
    ]


if __name__ == "__main__":
    sys.exit(main())

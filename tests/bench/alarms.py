# SPDX-License-Identifier: Apache-2.0
"""How often runs of one commit would have failed though nothing had changed."""

from collections import Counter
from collections.abc import Sequence

from tests.bench.budgets import judge_all
from tests.bench.record import Record
from tests.bench.verdict import State, title

ENOUGH = 30


def tell(records: Sequence[Record]) -> int:
    """Print the rate of false alarms; the exit status is 2 if that says nothing."""
    commits = {record.commit for record in records}
    if len(commits) != 1:
        print(f"runs of one commit tell about false alarms, not of {len(commits)}")
        return 2
    broken = [broken_in(record) for record in records]
    failed = sum(map(bool, broken))
    print(
        f"{failed} of {len(records)} runs of {commits.pop()} had a broken budget at"
        " the first attempt; a run fails only if it is broken at the second as well"
    )
    for name, count in Counter(name for names in broken for name in names).items():
        print(f"  {count} x {name}")
    if len(records) < ENOUGH:
        print(f"fewer than {ENOUGH} runs: this is not a rate yet")
    return 0


def broken_in(record: Record) -> list[str]:
    """Name the budgets that a run broke, before any second attempt."""
    return [
        title(verdict.budget)
        for verdict in judge_all(record)
        if verdict.state is State.BROKEN
    ]

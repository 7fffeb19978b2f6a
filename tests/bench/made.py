# SPDX-License-Identifier: Apache-2.0
"""Records as a bench would leave them, for the tests of what is made of them."""

from tests.bench.record import OURS, Machine, Record, Series
from tests.bench.verdict import Growth, Never, Ratio

RATIO = Ratio(
    section="s", case="c", metric="wall_ns", rival="R", at_most=0.5, reason="because"
)
GROWTH = Growth(section="s", case="g", metric="cost_us", at_most=0.1, reason="because")
NEVER = Never(section="s", case="c", metric="lost", reason="because")


def series(name=OURS, *rounds, case="c", metric="wall_ns", size=None):
    return Series(
        section="s",
        case=case,
        name=name,
        metric=metric,
        rounds=[list(each) for each in rounds],
        size=size,
    )


def record(*measured, commit="abc", started="2026-11-23T20:00:00Z"):
    return Record(
        started=started,
        commit=commit,
        is_quick=True,
        machine=Machine(cpu="a <fast> one", cores=2, kernel="6.1", load=0.5),
        versions={"python": "3.11"},
        series=list(measured),
        notes=["R was left out"],
    )


def compared(*ratios):
    """Make a record in which ours is these many times the rival's, round by round."""
    ours = series(OURS, *([100 * ratio] * 3 for ratio in ratios))
    return record(ours, series("R", *([100] * 3 for _ in ratios)))

# SPDX-License-Identifier: Apache-2.0
"""Contenders take turns, and none of their samples is lost."""

from tests.bench.contest import Effort, contest

EFFORT = Effort(rounds=3, is_quick=True)


def run(effort=EFFORT, **kwargs):
    turns = []

    def measuring(name):
        def measure():
            turns.append(name)
            return {"wall_ns": [float(len(turns))], "cpu_ns": [0.0, 1.0]}

        return measure

    contenders = {name: measuring(name) for name in "AB"}
    return turns, list(contest("s", "c", contenders, effort, **kwargs))


def test_they_take_turns_and_the_first_one_is_not_always_the_same():
    turns, _ = run()
    assert "".join(turns) == "AB" + "ABBAAB"


def test_the_first_round_of_each_is_to_warm_up_and_does_not_count():
    _, series = run()
    wall = {each.name: each.rounds for each in series if each.metric == "wall_ns"}
    assert wall == {"A": [[3.0], [6.0], [7.0]], "B": [[4.0], [5.0], [8.0]]}


def test_series_come_by_metric_with_the_contenders_in_their_order():
    _, series = run()
    found = [(each.metric, each.name) for each in series]
    assert found == [
        ("cpu_ns", "A"),
        ("cpu_ns", "B"),
        ("wall_ns", "A"),
        ("wall_ns", "B"),
    ]


def test_what_grows_is_told_by_its_size():
    _, series = run(sizes={"A": 1.0, "B": 32.0})
    assert {each.name: each.size for each in series} == {"A": 1.0, "B": 32.0}

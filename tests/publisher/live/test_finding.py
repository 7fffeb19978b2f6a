# SPDX-License-Identifier: Apache-2.0
"""How the findings are told."""

from publisher.live.finding import exit_status, failed, ok, render, unknown, warning

GOOD = ok("broker", "accepts us")
ODD = warning("clock", "drifts", "run chrony")
BAD = failed("meter charger", "is silent", "look at its wires")


def test_a_person_reads_the_remedy_below_what_it_mends():
    lines = list(render([GOOD, BAD]))

    assert lines[0].split(maxsplit=2) == ["ok", "broker", "accepts us"]
    assert lines[1].startswith("failed   meter charger  is silent")
    assert lines[2].strip() == "-> look at its wires"
    assert lines[2].index("->") == lines[1].index("is silent")


def test_the_last_line_names_all_that_is_wrong():
    assert list(render([GOOD, BAD, ODD]))[-1] == "not right: meter charger"
    assert list(render([GOOD, ODD]))[-1] == "nothing is wrong"


def test_only_a_failure_makes_the_exit_status_tell():
    assert exit_status([GOOD, ODD, unknown("x", "who knows")]) == 0
    assert exit_status([GOOD, BAD]) == 1


def test_nothing_found_is_nothing_wrong():
    assert list(render([])) == ["nothing is wrong"]
    assert exit_status([]) == 0

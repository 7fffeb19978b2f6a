# SPDX-License-Identifier: Apache-2.0
"""The diagram shows the table, all of it."""

import re
from pathlib import Path

import pytest

from publisher import diagram
from publisher.signing import machine
from publisher.signing import state as signing
from publisher.state import Phase
from publisher.transaction import TRANSITIONS

BOTH = pytest.mark.parametrize(
    ("drawn", "table", "phases"),
    [
        (diagram.gateway(), TRANSITIONS, Phase),
        (diagram.meter(), machine.TRANSITIONS, signing.Phase),
    ],
    ids=["gateway", "meter"],
)


def arrows(drawn):
    return re.findall(r"^    (\w+) --> (\w+)", drawn, flags=re.MULTILINE)


@BOTH
def test_each_way_from_a_phase_to_another_is_one_arrow(drawn, table, phases):
    assert set(table) == set(phases)
    expected = {
        (phase, target)
        for phase, row in table.items()
        for rule in row.values()
        for target in rule.to
        if target is not phase
    }
    assert len(arrows(drawn)) == len(expected)
    assert set(arrows(drawn)) == expected


@BOTH
def test_every_phase_can_be_reached(drawn, table, phases):
    assert {target for _, target in arrows(drawn)} == set(phases) == set(table)


def test_an_arrow_names_the_events_that_lead_that_way():
    drawn = diagram.gateway()
    assert "    closing --> settling: closed / journal failed\n" in drawn
    assert "    settling --> idle\n" in drawn
    assert drawn.startswith("stateDiagram-v2\n    state settling <<choice>>\n")


@pytest.mark.parametrize(
    ("drawn", "readme"),
    [(diagram.gateway(), "README.md"), (diagram.meter(), "signing/README.md")],
    ids=["gateway", "meter"],
)
def test_the_readme_shows_the_diagram_of_its_table(drawn, readme):
    text = (Path(diagram.__file__).parent / readme).read_text()
    assert f"```mermaid\n{drawn.strip()}\n```" in text

# SPDX-License-Identifier: Apache-2.0
"""The diagram shows the table, all of it."""

import re
from pathlib import Path

from publisher import diagram
from publisher.diagram import mermaid
from publisher.state import Phase
from publisher.transaction import TRANSITIONS


def arrows():
    return re.findall(r"^    (\w+) --> (\w+)", mermaid(), flags=re.MULTILINE)


def test_each_way_from_a_phase_to_another_is_one_arrow():
    expected = {
        (phase, target)
        for phase, row in TRANSITIONS.items()
        for rule in row.values()
        for target in rule.to
        if target is not phase
    }
    assert len(arrows()) == len(expected)
    assert set(arrows()) == expected


def test_every_phase_can_be_reached():
    assert {target for _, target in arrows()} == set(Phase)


def test_an_arrow_names_the_events_that_lead_that_way():
    assert "    closing --> settling: closed / journal failed\n" in mermaid()
    assert "    settling --> idle\n" in mermaid()
    assert mermaid().startswith("stateDiagram-v2\n    state settling <<choice>>\n")


def test_the_readme_shows_the_diagram_of_this_table():
    readme = Path(diagram.__file__).parent / "README.md"
    assert f"```mermaid\n{mermaid().strip()}\n```" in readme.read_text()

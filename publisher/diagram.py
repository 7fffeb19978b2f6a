# SPDX-License-Identifier: Apache-2.0
"""Draws the transaction core from its table, for publisher/README.md."""

import re

from publisher.events import Event
from publisher.state import Phase
from publisher.transaction import TRANSITIONS


def mermaid() -> str:
    """Give the table as a mermaid state diagram; phases and arrows in its order.

    The crossing is a choice without a name. An arrow from a phase to itself is
    left out: it is a request that waits for its turn.
    """
    lines = ["stateDiagram-v2", f"    state {Phase.SETTLING} <<choice>>"]
    for (source, target), names in _arrows().items():
        label = f": {' / '.join(names)}" if names else ""
        lines.append(f"    {source} --> {target}{label}")
    return "\n".join(lines) + "\n"


def _arrows() -> dict[tuple[Phase, Phase], list[str]]:
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for phase, rules in TRANSITIONS.items():
        for event, rule in rules.items():
            for target in rule.to:
                if target is not phase:
                    names = arrows.setdefault((phase, target), [])
                    if phase is not Phase.SETTLING:
                        names.append(_words(event))
    return arrows


def _words(event: type[Event]) -> str:
    """Write the name of an event as words: StopAllAsked is "stop all asked"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", event.__name__).lower()

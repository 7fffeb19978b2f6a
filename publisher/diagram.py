# SPDX-License-Identifier: Apache-2.0
"""Draws the two transaction cores from their tables, for the READMEs."""

import enum
import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from publisher.signing import machine
from publisher.signing import state as signing
from publisher.state import Phase
from publisher.transaction import TRANSITIONS


class Rule(Protocol):
    """What both tables' rules have."""

    @property
    def to(self) -> Iterable[enum.StrEnum]:
        """Give the phases it may lead to."""
        ...


Table = Mapping[Any, Mapping[Any, Rule]]


def gateway() -> str:
    """Draw the core of meters that the gateway signs for."""
    return _mermaid(TRANSITIONS, Phase.SETTLING)


def meter() -> str:
    """Draw the core of a meter that signs by itself."""
    return _mermaid(machine.TRANSITIONS, signing.Phase.SETTLING)


def _mermaid(table: Table, crossing: enum.StrEnum) -> str:
    """Give a table as a mermaid state diagram; phases and arrows in its order.

    The crossing is a choice without a name. An arrow from a phase to itself is
    left out: it is a request that waits for its turn.
    """
    lines = ["stateDiagram-v2", f"    state {crossing} <<choice>>"]
    for (source, target), names in _arrows(table, crossing).items():
        label = f": {' / '.join(names)}" if names else ""
        lines.append(f"    {source} --> {target}{label}")
    return "\n".join(lines) + "\n"


def _arrows(
    table: Table, crossing: enum.StrEnum
) -> dict[tuple[enum.StrEnum, enum.StrEnum], list[str]]:
    arrows: dict[tuple[enum.StrEnum, enum.StrEnum], list[str]] = {}
    for phase, rules in table.items():
        for event, rule in rules.items():
            for target in rule.to:
                if target is not phase:
                    names = arrows.setdefault((phase, target), [])
                    if phase is not crossing:
                        names.append(_words(event))
    return arrows


def _words(event: type) -> str:
    """Write the name of an event as words: StopAllAsked is "stop all asked"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", event.__name__).lower()

# SPDX-License-Identifier: Apache-2.0
"""What one run of the benches leaves behind: every sample, where and of what."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

OURS = "everest-powermeter"
"""The contender that all ratios are about: it divided by each of the others."""


class Series(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One contender's samples of one metric, round by round.

    Round n of every contender of a case was measured within the same few seconds, so
    the contenders are to be compared round by round.

    metric  its unit is the end of its name, as in wall_ns
    size    what grows from series to series of one case, where something does
    """

    section: str
    case: str
    name: str
    metric: str
    rounds: Annotated[list[list[float]], msgspec.Meta(min_length=1)]
    size: float | None = None


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was measured."""

    cpu: str
    cores: int
    kernel: str
    load: float


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One run.

    commit  of the checkout; with a "+" behind it if there were changes to it
    notes   what was left out, and why
    """

    format: Literal[1] = 1
    started: str
    commit: str
    is_quick: bool
    machine: Machine
    versions: dict[str, str]
    series: list[Series]
    notes: list[str]

    def find(self, section: str, case: str, metric: str) -> list[Series]:
        """Give the series of one case and metric, in the order of measuring."""
        return [
            each
            for each in self.series
            if (each.section, each.case, each.metric) == (section, case, metric)
        ]


def load(path: Path) -> Record:
    """Read a run. msgspec.ValidationError: it is none, or one of another format."""
    return msgspec.json.decode(path.read_bytes(), type=Record)


def save(record: Record, path: Path) -> None:
    """Write a run so that a person can read it too."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1))


def folder(path: Path) -> list[Record]:
    """Read all runs of a folder, the oldest first."""
    return sorted(map(load, path.glob("*.json")), key=lambda record: record.started)

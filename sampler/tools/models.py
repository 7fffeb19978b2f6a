# SPDX-License-Identifier: Apache-2.0
"""`powermeter-sampler models`: which meters are known, how well, and what they show."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ipc.sample import Quantity
from sampler import registermap
from sampler.registermap import Profile

BEGIN, END = "<!-- models:begin -->", "<!-- models:end -->"
"""Between these two lines of a README stands what --markdown prints."""

_KINDS = {
    "V": "voltage",
    "A": "current",
    "W": "power",
    "var": "reactive_power",
    "Hz": "frequency",
    "°C": "temperature",
    "kWh in": "energy_import",
    "kWh out": "energy_export",
}
"""What a row says for short, and how the names of its quantities begin."""


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model.

    wiring  "1 phase", "3 phases" or "direct current"
    shows   the kinds of quantities, for short
    """

    name: str
    vendor: str
    model: str
    status: str
    wiring: str
    shows: list[str]
    quantities: list[str]
    signs: bool
    sources: list[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what run() reads."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for scripts")
    form.add_argument("--markdown", action="store_true", help="as in the README")


def run(args: argparse.Namespace) -> int:
    """Print all models; give the exit status."""
    found = rows()
    if args.json:
        text = msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    elif args.markdown:
        text = markdown(found)
    else:
        text = "\n".join(_table(found))
    sys.stdout.write(f"{text}\n")
    return 0


def rows() -> list[ModelRow]:
    """Load every model that comes with the package, in the order of their names."""
    return [_row(name, registermap.load(name)) for name in sorted(registermap.names())]


def markdown(found: Sequence[ModelRow]) -> str:
    """Give the table of supported meters, between its two lines."""
    lines = [
        BEGIN,
        "| meter | model | wiring | shows | status |",
        "|---|---|---|---|---|",
    ]
    for row in found:
        signs = ", signs" if row.signs else ""
        shows = ", ".join(row.shows) + signs
        lines.append(
            f"| {row.vendor} {row.model} | `{row.name}` | {row.wiring} | {shows}"
            f" | {row.status} |"
        )
    return "\n".join([*lines, END])


def _row(name: str, profile: Profile) -> ModelRow:
    header = profile.meter
    return ModelRow(
        name=name,
        vendor=header.vendor,
        model=header.model,
        status=header.status.value,
        wiring=_wiring(profile),
        shows=[
            short for short, begin in _KINDS.items() if _has(profile.registers, begin)
        ],
        quantities=[quantity.value for quantity in profile.registers],
        signs=header.signs,
        sources=header.sources,
    )


def _wiring(profile: Profile) -> str:
    """Tell from the quantities; a meter that shows totals only has three phases."""
    names = [quantity.value for quantity in profile.registers]
    if any("_dc_" in name for name in names):
        return "direct current"
    one = any("_l1_" in name for name in names if not name.startswith("frequency"))
    more = any("_l2_" in name for name in names)
    return "1 phase" if one and not more else "3 phases"


def _has(quantities: Iterable[Quantity], begin: str) -> bool:
    return any(quantity.value.startswith(f"{begin}_") for quantity in quantities)


def _table(found: Sequence[ModelRow]) -> Iterator[str]:
    """Give the lines for a terminal: one a model, its sources below."""
    width = max(len(row.name) for row in found)
    for row in found:
        signs = ", signs" if row.signs else ""
        yield (
            f"{row.name:<{width}}  {row.vendor} {row.model}: {row.wiring},"
            f" {', '.join(row.shows)}{signs} ({row.status})"
        )
        for source in row.sources:
            yield f"{'':<{width}}    {source}"
    yield f"{len(found)} models"

# SPDX-License-Identifier: Apache-2.0
"""What a scan found, for a person, for a script, and for the configuration."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sampler.registermap import Profile
from sampler.tools.line import LineSettings
from sampler.tools.scanner import Found

BY_ID = Path("/dev/serial/by-id")
"""Names that stay when adapters are plugged in another order."""

UNKNOWN_MODEL = "unknown"


def sentence(found: Found, profiles: Mapping[str, Profile]) -> str:
    """Say what one meter is, and how sure that is."""
    what = found.identification
    where = f"unit {found.unit_id} at {found.settings}"
    if not what.models:
        return f"{where}: no model of ours; powermeter-sampler models lists those"
    header = profiles[what.models[0]].meter
    name = f"{header.vendor} {header.model}"
    number = f", serial number {what.serial_number}" if what.serial_number else ""
    how = "" if what.is_certain else " by its values, not for certain"
    also = ", ".join(what.models[1:4])
    others = f"; fits as well: {also}" if also else ""
    return f"{where}: {name}{how}{number}{others}"


def as_data(found: Found) -> dict[str, Any]:
    """Give one meter to scripts."""
    return {
        "baudrate": found.settings.baudrate,
        "parity": found.settings.parity,
        "stopbits": found.settings.stopbits,
        "unit_id": found.unit_id,
        "models": found.identification.models,
        "certain": found.identification.is_certain,
        "serial_number": found.identification.serial_number,
    }


def toml(meters: Sequence[Found], port: str) -> Iterator[str]:
    """Give the lines of the configuration: a bus for each setting, its meters."""
    ordered = sorted(meters, key=lambda it: (str(it.settings), it.unit_id))
    groups = itertools.groupby(ordered, key=lambda it: it.settings)
    for number, (settings, members) in enumerate(groups):
        if number:
            yield "# The same port cannot stand twice: give all its meters one setting."
        yield from _bus(settings, port)
        for found in members:
            yield from _meter(found)


def stable(port: str, by_id: Path = BY_ID) -> str:
    """Give the port's name of those that survive replugging, or the port itself."""
    try:
        links = sorted(by_id.iterdir())
        return next(
            (str(link) for link in links if link.samefile(port)),
            port,
        )
    except OSError:
        return port


def _bus(settings: LineSettings, port: str) -> Iterator[str]:
    yield "[[bus]]"
    yield 'name = "meters"'
    # A JSON string is a TOML string, whatever is in it.
    yield f"port = {msgspec.json.encode(stable(port)).decode()}"
    yield f"baudrate = {settings.baudrate}"
    yield f'parity = "{settings.parity.value}"'
    yield f"stopbits = {settings.stopbits}"
    yield ""


def _meter(found: Found) -> Iterator[str]:
    what = found.identification
    model = what.models[0] if what.models else UNKNOWN_MODEL
    if not what.models:
        yield "# not recognised: put its model here, or the path of a profile"
    elif not what.is_certain:
        yield f"# recognised by its values; fits: {', '.join(what.models[:4])}"
    yield "[[bus.meter]]"
    yield f'name = "meter_{found.unit_id}"'
    yield f'model = "{model}"'
    yield f"unit_id = {found.unit_id}"
    yield f'module_id = "meter_{found.unit_id}"  # the id of its module in EVerest'
    yield ""

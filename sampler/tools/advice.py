# SPDX-License-Identifier: Apache-2.0
"""What to tell a person on site when a meter cannot be read: what, and what to check."""

from collections.abc import Iterator

from ipc.sample import Quality
from sampler.errors import LineSettingsError, PortBusyError, PortError
from sampler.fault import Fault
from sampler.tools.line import LineSettings

HAPPENED = {
    Quality.TIMEOUT: "unit {unit} on {port} does not answer at {settings}",
    Quality.GARBLED: "unit {unit} on {port}: what comes at {settings} is no clean answer ({detail})",
    Quality.REFUSED: "unit {unit} on {port} answers, but refuses registers of {model} ({detail})",
    Quality.NO_PORT: "{detail}",
}

CHECK = {
    Quality.TIMEOUT: (
        "the meter has power, and unit id {unit} (its menu shows it)",
        "baud rate and parity are the meter's: powermeter-sampler scan {port}",
        "A to A and B to B: makers disagree on the names; swapping does no harm",
        "{port} is the adapter of this line: ls -l /dev/serial/by-id",
    ),
    Quality.GARBLED: (
        "baud rate and parity are the meter's: powermeter-sampler scan {port}",
        "no two meters on this line have unit id {unit}",
        "nobody else asks on this line: another gateway, a second adapter",
        "120 ohm at both ends of the line and nowhere else, and a common ground",
    ),
    Quality.REFUSED: (
        "the model: powermeter-sampler scan {port} tells what the meter says it is",
        "its variants: powermeter-sampler models",
    ),
    Quality.NO_PORT: (
        "the adapter is plugged in: ls -l /dev/serial/by-id",
        "the path is spelled as it is listed there",
    ),
}
"""The likeliest cause first."""


def explain(
    fault: Fault, *, port: str, unit_id: int, settings: LineSettings, model: str
) -> Iterator[str]:
    """Give the lines that say what happened to a reading, and what to check."""
    names = {"port": port, "unit": unit_id, "settings": settings, "model": model}
    happened = HAPPENED[fault.kind].format(**names, detail=fault.detail)
    yield happened
    yield "check, the likeliest first:"
    yield from (f"  - {line.format(**names)}" for line in CHECK[fault.kind])


def explain_port(error: PortError, port: str) -> str:
    """Say why a port that exists cannot be used, and what to do."""
    if isinstance(error, PortBusyError):
        return (
            f"{port} is in use by another process, perhaps a running sampler:"
            f" end that first (fuser -v {port} names it)"
        )
    if isinstance(error.__cause__, PermissionError):
        return (
            f"{port}: permission denied: join the port's group"
            f" (ls -l {port} names it, often dialout), and log in again"
        )
    if isinstance(error, LineSettingsError):
        return f"{error.strerror}, or use another adapter"
    return f"{port} is no serial port: use one that ls -l /dev/serial/by-id lists"

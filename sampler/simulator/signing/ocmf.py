# SPDX-License-Identifier: Apache-2.0
"""Pieces of an OCMF record as meters write them, character by character.

Each meter has its own order, blanks and decimals, and what it signs is the exact
text: so a record is put together by the meter's own file, and not by an encoder.
"""

from datetime import UTC, datetime, timedelta

LATEST_S = 253_370_764_800
"""9999-01-01: a clock beyond it has no four-digit year, whatever the zone."""

_ESCAPED = str.maketrans(
    {'"': '\\"', "\\": "\\\\"} | {chr(n): f"\\u{n:04X}" for n in range(0x20)}
)


def quoted(text: str) -> str:
    """Write a JSON string; what is not ASCII stays as it is."""
    return f'"{text.translate(_ESCAPED)}"'


def time(utc_s: int, *, offset_min: int, letter: str) -> str:
    """Write TM: local time, offset, and how far the clock is to be trusted.

    >>> time(1765969756, offset_min=60, letter="S")
    '2025-12-17T12:09:16,000+0100 S'
    """
    local = datetime.fromtimestamp(0, tz=UTC) + timedelta(
        seconds=utc_s, minutes=offset_min
    )
    sign = "-" if offset_min < 0 else "+"
    hours, minutes = divmod(abs(offset_min), 60)
    stamp = local.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp},000{sign}{hours:02}{minutes:02} {letter}"


def kwh(energy_wh: int, *, places: int) -> str:
    """Write an energy with so many decimals, cut and not rounded, as counters are.

    >>> kwh(80_777, places=2)
    '80.77'
    """
    scaled = energy_wh * 10**places // 1000
    whole, rest = divmod(scaled, 10**places)
    return f"{whole}.{rest:0{places}}"


def signed_bytes(payload: str) -> bytes:
    """Give the bytes that are signed, and that go into the record."""
    return payload.encode(errors="surrogateescape")

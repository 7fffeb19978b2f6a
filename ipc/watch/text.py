# SPDX-License-Identifier: Apache-2.0
"""Lines as they are shown: styled text, columns, numbers as a person reads them."""

import enum
from collections.abc import Sequence
from datetime import UTC, datetime

from ipc.units import NS_PER_S


class Style(enum.Enum):
    """How a part of a line looks: ECMA-48, select graphic rendition."""

    PLAIN = ""
    BOLD = "1"
    DIM = "2"
    BAR = "7"
    GOOD = "32"
    WARN = "33"
    BAD = "1;31"


Line = tuple[tuple[str, Style], ...]
"""A line of the screen, in parts."""

_SPANS = (
    (0.00995, 0.001, 2, "ms"),
    (0.9995, 0.001, 0, "ms"),
    (9.95, 1, 1, "s"),
    (120, 1, 0, "s"),
    (7200, 60, 0, "min"),
    (4 * 86_400, 3600, 1, "h"),
)
"""Durations below the first number are told in so many seconds, with so many digits."""


def line(*parts: str | tuple[str, Style]) -> Line:
    """Make a line; a part without a style is plain."""
    return tuple(
        (part, Style.PLAIN) if isinstance(part, str) else part for part in parts
    )


def render(shown: Line, width: int) -> str:
    """Give a line as bytes of a terminal, cut to its width.

    What comes from outside (an id, a port's name, an error's text) may hold control
    characters, which would be commands to the terminal: they are shown as "?".
    """
    rendered = []
    for text, style in shown:
        kept = printable(text)[:width]
        width -= len(kept)
        if style is Style.PLAIN or not kept:
            rendered.append(kept)
        else:
            rendered.append(f"\x1b[{style.value}m{kept}\x1b[0m")
    return "".join(rendered)


def plain(shown: Line) -> str:
    """Give a line's text alone."""
    return printable("".join(text for text, _ in shown)).rstrip()


def printable(text: str) -> str:
    """Replace what is no printable character."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)


def columns(widths: Sequence[int], texts: Sequence[str]) -> str:
    """Put texts side by side, one blank apart; a negative width is flush left.

    What does not fit is cut, and says so with an ellipsis.
    """
    return " ".join(
        _fitted(text, abs(width)).ljust(-width)
        if width < 0
        else _fitted(text, width).rjust(width)
        for width, text in zip(widths, texts, strict=True)
    )


def bar(share: float, width: int) -> str:
    """Draw a share (0 to 1) as a bar."""
    eighths = round(max(0.0, min(share, 1.0)) * width * 8)
    whole, rest = divmod(eighths, 8)
    drawn = "█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
    return drawn.ljust(width, "·")


def span(seconds: float) -> str:
    """Give a duration in the unit that suits it, at most 7 characters.

    >>> span(0.0004), span(0.068), span(0.25), span(42), span(600), span(7200)
    ('0.40 ms', '68 ms', '250 ms', '42 s', '10 min', '2.0 h')
    """
    for below, size, digits, unit in _SPANS:
        if seconds < below:
            return f"{max(seconds, 0) / size:.{digits}f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def count(number: int) -> str:
    """Give a count in at most 5 characters.

    >>> count(99999), count(123456), count(123456789)
    ('99999', '123k', '123M')
    """
    if number < 100_000:
        return str(number)
    return f"{number // 1000}k" if number < 10_000_000 else f"{number // 1_000_000}M"


def size(number: int) -> str:
    """Give bytes as a person reads them: kB are 1000.

    >>> size(532), size(45_056), size(3_250_000)
    ('532 B', '45 kB', '3.2 MB')
    """
    if number < 10_000:
        return f"{number} B"
    return f"{number / 1000:.0f} kB" if number < 1e6 else f"{number / 1e6:.1f} MB"


def when(wall_ns: int, now_ns: int) -> str:
    """Give an instant (UTC): the time of today, the date of other days."""
    at, now = (datetime.fromtimestamp(ns // NS_PER_S, UTC) for ns in (wall_ns, now_ns))
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%Y-%m-%d}"


def _fitted(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"

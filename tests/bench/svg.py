# SPDX-License-Identifier: Apache-2.0
"""Two pictures, drawn by hand: samples along an axis, and a figure over commits."""

import math
from collections.abc import Sequence
from html import escape

import msgspec

from tests.bench.figures import percentile, short

WIDTH, LABEL, ROW = 800, 280, 26
MOST_DOTS = 240
"""Of one strip; more would only make the file large. Every n-th is taken."""


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """The samples of one contender."""

    name: str
    samples: list[float]
    is_ours: bool


def strips(rows: Sequence[Strip]) -> str:
    """Draw each sample as a dot, the middle 80 % as a bar, the median as a line."""
    samples = [sample for row in rows for sample in row.samples]
    axis = _Axis(min(samples), max(samples))
    height = ROW * len(rows) + 24
    parts = [_open(height)]
    for number, row in enumerate(rows):
        parts.append(_strip(row, axis, y=ROW * number + ROW / 2))
    for value in axis.marks():
        x = axis.x(value)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 18}"/>')
        parts.append(
            f'<text class="mark" x="{x:.1f}" y="{height - 4}">{short(value)}</text>'
        )
    return "".join([*parts, "</svg>"])


def course(points: Sequence[tuple[str, float]], *, limit: float) -> str:
    """Draw one figure over commits, with its limit."""
    height = 70
    top = 1.15 * max([limit, *(value for _, value in points)]) or 1.0
    step = (WIDTH - LABEL - 20) / max(1, len(points) - 1)
    placed = [
        (LABEL + 10 + step * number, height - 10 - (height - 20) * value / top)
        for number, (_, value) in enumerate(points)
    ]
    y = height - 10 - (height - 20) * limit / top
    line = " ".join(f"{x:.1f},{at:.1f}" for x, at in placed)
    dots = "".join(
        f'<circle class="ours" cx="{x:.1f}" cy="{at:.1f}" r="3"><title>'
        f"{escape(name)}: {short(value)}</title></circle>"
        for (x, at), (name, value) in zip(placed, points, strict=True)
    )
    return (
        f'{_open(height)}<line class="limit" x1="{LABEL}" x2="{WIDTH}" y1="{y:.1f}"'
        f' y2="{y:.1f}"/><text x="0" y="{y + 4:.1f}">limit {short(limit)}</text>'
        f'<polyline points="{line}"/>{dots}</svg>'
    )


def _open(height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}"'
        f' width="{WIDTH}" height="{height:.0f}" role="img">'
    )


def _strip(row: Strip, axis: "_Axis", *, y: float) -> str:
    kind = "ours" if row.is_ours else "other"
    p10, p50, p90 = (axis.x(percentile(row.samples, at)) for at in (10, 50, 90))
    thinned = row.samples[:: -(-len(row.samples) // MOST_DOTS)]
    dots = "".join(
        # Spread over the row by the golden ratio, so that equal ones do not cover.
        f'<circle class="{kind}" cx="{axis.x(sample):.1f}"'
        f' cy="{y + 14 * (number * 0.618 % 1 - 0.5):.1f}" r="1.6"/>'
        for number, sample in enumerate(thinned)
    )
    return (
        f'<text x="0" y="{y + 4:.1f}">{escape(row.name)}</text>{dots}'
        f'<rect class="{kind}" x="{p10:.1f}" y="{y - 8:.1f}"'
        f' width="{max(1.0, p90 - p10):.1f}" height="16"><title>median'
        f" {short(percentile(row.samples, 50))}</title></rect>"
        f'<line class="median" x1="{p50:.1f}" x2="{p50:.1f}" y1="{y - 10:.1f}"'
        f' y2="{y + 10:.1f}"/>'
    )


class _Axis:
    """Linear, or logarithmic where the samples span more than one decade."""

    def __init__(self, least: float, greatest: float) -> None:
        self._is_log = least > 0 and 10 * least < greatest < 1e9 * least
        low, high = self._scaled(least), self._scaled(greatest)
        is_flat = high - low <= 1e-9 * max(1.0, abs(high))
        pad = 0.5 if is_flat else 0.04 * (high - low)
        self._low, self._high = low - pad, high + pad

    def x(self, value: float) -> float:
        """Place a value."""
        share = (self._scaled(value) - self._low) / (self._high - self._low)
        return LABEL + share * (WIDTH - LABEL)

    def marks(self) -> list[float]:
        """Choose a few round values."""
        span = self._high - self._low
        if self._is_log:
            powers = range(math.floor(self._low), math.floor(self._high) + 1)
            steps = (1, 2, 5) if span < 2 else (1,)
            marks = [step * 10.0**power for power in powers for step in steps]
            return [mark for mark in marks if self._low < math.log10(mark) < self._high]
        step = 10 ** math.floor(math.log10(span))
        step *= 1 if span / step >= 3 else 0.5
        first = math.ceil(self._low / step)
        return [step * at for at in range(first, math.floor(self._high / step) + 1)]

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self._is_log else value

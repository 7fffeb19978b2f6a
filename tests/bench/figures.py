# SPDX-License-Identifier: Apache-2.0
"""The little statistics that the benches need: no distribution is assumed anywhere."""

import math
import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """Give the value that so many percent of the values do not exceed.

    >>> percentile([3, 1, 2], 50), percentile([3, 1, 2], 0), percentile([3, 1, 2], 100)
    (2, 1, 3)
    """
    ordered = sorted(values)
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def chance_of(above: int, rounds: int) -> float:
    """Give the chance that a fair coin shows at least so many heads (the sign test).

    If a figure's true median were exactly at a limit, each round would be above it
    with a chance of a half, whatever the noise is like.

    >>> chance_of(7, 7), chance_of(0, 7)
    (0.0078125, 1.0)
    """
    return sum(math.comb(rounds, heads) for heads in range(above, rounds + 1)) / (
        2**rounds
    )


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Give k of the line cost = c * size**k that fits best (least squares of logs).

    >>> round(exponent([1, 10, 100], [5, 50, 500]), 6)
    1.0
    """
    logs = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    return statistics.linear_regression(*logs).slope


def short(value: float, digits: int = 3) -> str:
    """Write a number with a few digits that count, as a person would.

    >>> short(1234.5), short(12.345), short(0.012345), short(0), short(1.0123, 4)
    ('1234', '12.3', '0.0123', '0', '1.012')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    behind = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{behind}f}"

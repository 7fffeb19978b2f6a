# SPDX-License-Identifier: Apache-2.0
"""Contenders take turns, A B B A A B ..., so that a noisy machine is fair to all."""

import gc
from collections.abc import Callable, Iterator, Mapping

import msgspec

from tests.bench.record import Series

Round = Callable[[], Mapping[str, list[float]]]
"""Measures one round of one contender; gives its samples by metric."""


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured.

    rounds    of every contender: with fewer than 6 no budget could ever be broken
    is_quick  leave out what takes long and seldom changes
    """

    rounds: int
    is_quick: bool


QUICK = Effort(rounds=9, is_quick=True)
FULL = Effort(rounds=11, is_quick=False)


def contest(
    section: str,
    case: str,
    contenders: Mapping[str, Round],
    effort: Effort,
    *,
    sizes: Mapping[str, float] | None = None,
) -> Iterator[Series]:
    """Let each measure a round in turn; one more before is to warm up."""
    rounds: dict[tuple[str, str], list[list[float]]] = {}
    order = list(contenders.items())
    for name, measure in order:
        for metric in measure():
            rounds[name, metric] = []
    for _ in range(effort.rounds):
        for name, measure in order:
            gc.collect()
            for metric, samples in measure().items():
                rounds[name, metric].append(list(samples))
        order.reverse()
    # The sort is stable: by metric, the contenders in their order.
    for (name, metric), measured in sorted(rounds.items(), key=lambda it: it[0][1]):
        yield Series(
            section=section,
            case=case,
            name=name,
            metric=metric,
            rounds=measured,
            size=sizes[name] if sizes else None,
        )

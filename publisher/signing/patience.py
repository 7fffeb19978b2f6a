# SPDX-License-Identifier: Apache-2.0
"""How long a meter that signs is waited for, and how often it is looked at."""

from ipc.units import NS_PER_S
from publisher.signing.events import Order, Pause

SHORT_PAUSE_S = 1.0
"""Between two attempts while somebody waits for what they are to bring about."""

LONG_PAUSE_S = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
"""Between two attempts nobody waits for; the last one from then on."""

LOOK_S = 60.0
"""Between two looks at a meter of which nothing is wanted: its faults are to be seen."""

CLOCK_S = 3600.0
"""Between two settings of an idle meter's clock, as EVerest's driver of the EM580 does it.
What a meter bears, its sampler knows."""

RETURN_S = 10.0
"""Between two looks because it had not answered: a noisy line is none to look at more."""

PATIENCE_S = 60.0
"""For a verb nobody waits for. The longest is a record of 4 kB on a slow line."""

MOST_PATIENCE_S = 300.0
LEAST_PATIENCE_S = 0.1
"""What the channel takes; see ipc.commands.Call."""


def for_verb(order: Order, now_ns: int) -> float:
    """Give how long a verb may take: until its request has to be answered."""
    if order.deadline_ns is None:
        return PATIENCE_S
    left_s = (order.deadline_ns - now_ns) / NS_PER_S
    return min(MOST_PATIENCE_S, max(LEAST_PATIENCE_S, left_s))


def before(pause: Pause, *, failures: int) -> float:
    """Give the seconds before the next attempt, after so many that failed."""
    if pause.is_short:
        return SHORT_PAUSE_S
    return LONG_PAUSE_S[min(failures, len(LONG_PAUSE_S) - 1)]

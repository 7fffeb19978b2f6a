# SPDX-License-Identifier: Apache-2.0
"""The room between two ticks that an operation of a procedure needs."""

from typing import Final

from sampler.wire import Wire

MARGIN_S: Final = 0.005
"""What an operation may take beyond its wire time: the kernel's lateness, our own."""

LARGEST_OPERATION: Final = 70
"""Registers of the longest that cannot be cut: a text of BSM-WS36A; a key has 62."""


def needed_s(wire: Wire, *, turnaround_s: float) -> float:
    """Give the least room with which every procedure comes to its end."""
    return MARGIN_S + wire.write_s(LARGEST_OPERATION, turnaround_s=turnaround_s)

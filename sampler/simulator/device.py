# SPDX-License-Identifier: Apache-2.0
"""What a meter has beside the numbers it shows: registers with a life of their own."""

from collections.abc import Callable
from typing import Protocol

from sampler.simulator.frame import ExceptionCode, ReadRequest, WriteRequest
from sampler.simulator.load import LoadState

LoadAt = Callable[[int], LoadState]
"""The load as it is so many nanoseconds after the meter's start."""


class Device(Protocol):
    """A state machine behind registers.

    Every time is in nanoseconds after the meter's start, and none is earlier than
    the one before. Nothing runs between two calls: what should have happened
    meanwhile happens at the next.
    """

    def holds(self, request: ReadRequest | WriteRequest) -> bool:
        """Say whether the request is for it, and not for the table of numbers."""
        ...

    def read(self, request: ReadRequest, *, now_ns: int) -> bytes | ExceptionCode:
        """Give the registers' bytes."""
        ...

    def write(self, request: WriteRequest, *, now_ns: int) -> ExceptionCode | None:
        """Obey; None says that it is done."""
        ...

    def lose_power(self, *, at_ns: int) -> None:
        """Lose what a meter loses when the mains go."""
        ...

    def regain_power(self, *, at_ns: int) -> None:
        """Start again: the mains are back, and the time to boot is over."""
        ...

# SPDX-License-Identifier: Apache-2.0
"""A simulated meter in a test's hands: deaf, or with a trap at a certain request."""

from collections.abc import Callable

from ipc.units import NS_PER_S
from sampler.simulator import frame as frames
from sampler.simulator.frame import ReadRequest, WriteRequest
from sampler.simulator.meter import Meter
from sampler.simulator.model import Model

OUTAGE_NS = 3 * NS_PER_S // 10

At = Callable[[ReadRequest | WriteRequest], bool]


class Tamed(Meter):
    """A meter at which something happens when it is asked a certain thing.

    is_off  it hears nothing
    """

    def __init__(self, model: Model, *, seed: int = 1) -> None:
        super().__init__(model, seed=seed)
        self.is_off = False
        self._trap: tuple[At, Callable[[], object], bool] | None = None

    def spring(self, at: At, deed: Callable[[], object], *, is_done: bool) -> None:
        """Do the deed when this is asked; is_done: after the meter has done it.

        Its answer is lost in either case.
        """
        self._trap = (at, deed, is_done)

    @property
    def is_sprung(self) -> bool:
        return self._trap is None

    def lose_power(self) -> None:
        """Lose it now, for a moment; then it has to boot."""
        self.cut_power(at_ns=0, for_ns=OUTAGE_NS)

    def answer(self, frame: bytes, *, elapsed_ns: int) -> bytes | None:
        if self.is_off:
            return None
        request = frames.parse(frame)
        if self._trap is None or not isinstance(request, ReadRequest | WriteRequest):
            return super().answer(frame, elapsed_ns=elapsed_ns)
        at, deed, is_done = self._trap
        if not at(request):
            return super().answer(frame, elapsed_ns=elapsed_ns)
        if is_done:
            super().answer(frame, elapsed_ns=elapsed_ns)
        deed()
        self._trap = None
        return None

# SPDX-License-Identifier: Apache-2.0
"""The live view: look, draw what changed, wait for a key or for the next look."""

import os
import selectors
from collections.abc import Callable
from typing import TypeVar

from ipc.clock import Clock
from ipc.stop import Stop, StopRequested
from ipc.units import NS_PER_S
from ipc.watch.keys import Key, Keyboard
from ipc.watch.pages import View, frame
from ipc.watch.report import Report
from ipc.watch.screen import Terminal

T = TypeVar("T")

_READ_SIZE = 256


def repeat(
    look: Callable[[], T],
    show: Callable[[T], None],
    *,
    refresh_s: float,
    clock: Clock,
    stop: Stop,
) -> T:
    """Look and show until a stop; give what was seen last."""
    while True:
        seen = look()
        show(seen)
        clock.wait_until(clock.monotonic_ns() + round(refresh_s * NS_PER_S))
        if stop.requested:
            return seen


class Live:
    """Shows reports until `q`, a stop, or the end of the terminal.

    keys  a descriptor that keys come from; None: there is no keyboard
    """

    def __init__(
        self,
        look: Callable[[], Report],
        *,
        terminal: Terminal,
        keys: int | None,
        refresh_s: float,
        clock: Clock,
        stop: Stop,
    ) -> None:
        self._look = look
        self._terminal = terminal
        self._keys = keys
        self._keyboard = Keyboard()
        self._refresh_ns = round(refresh_s * NS_PER_S)
        self._clock = clock
        self._stop = stop
        self._view = View()
        self._is_over = False

    def run(self) -> Report:
        """Show; give the last report."""
        report = self._look()
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop, selectors.EVENT_READ)
            if self._keys is not None:
                selector.register(self._keys, selectors.EVENT_READ)
            self._draw(report)
            while not (self._is_over or self._stop.requested):
                report = self._wait(selector, report)
                self._draw(report)
        return report

    def _draw(self, report: Report) -> None:
        """Draw. A stalled line holds the write up, but never a stop.

        A terminal that is gone (the line was cut) is the end.
        """
        width, height = self._terminal.size()
        picture = frame(report, self._view, width=width, height=height)
        try:
            with self._stop.interrupting():
                self._terminal.draw(picture)
        except StopRequested:
            return
        except OSError:
            self._is_over = True

    def _wait(self, selector: selectors.BaseSelector, report: Report) -> Report:
        """Wait for a key, which is answered at once, or for the next look."""
        due_ns = report.mono_ns + self._refresh_ns
        wait_ns = max(0, due_ns - self._clock.monotonic_ns())
        ready = selector.select(wait_ns / NS_PER_S)
        if any(key.fileobj == self._keys for key, _ in ready):
            self._hear(selector, report)
        is_due = self._clock.monotonic_ns() >= due_ns
        return self._look() if is_due else report

    def _hear(self, selector: selectors.BaseSelector, report: Report) -> None:
        if self._keys is None:
            return
        try:
            received = os.read(self._keys, _READ_SIZE)
        except OSError:
            received = b""
        if not received:  # nobody types there any more
            selector.unregister(self._keys)
            return
        meters = sum(len(bus.meters) for bus in report.buses)
        rows = self._terminal.size()[1] - 2
        for key in self._keyboard.feed(received):
            if key is Key.QUIT:
                self._is_over = True
            elif key is Key.REDRAW:
                self._terminal.forget()
            self._view = self._view.after(key, meters=meters, rows=rows)

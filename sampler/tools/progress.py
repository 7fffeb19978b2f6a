# SPDX-License-Identifier: Apache-2.0
"""How far a long search is: a bar on a terminal, now and then a line elsewhere."""

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

STEPS = 10
"""Lines of a whole search where there is no bar."""


class Progress(Protocol):
    """Where a search says what it does. All of it goes to stderr."""

    def at(self, done: int, what: str) -> None:
        """Say how many probes are done, and what is tried now."""
        ...

    def say(self, text: str) -> None:
        """Say something that stays."""
        ...


class Lines:
    """One line a tenth of the way."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._step = 0

    def at(self, done: int, what: str) -> None:
        """Write a line when another tenth is done."""
        step = STEPS * done // self._total
        if step > self._step:
            self._step = step
            self.say(f"{100 * done // self._total:3d} %  {what}")

    def say(self, text: str) -> None:
        """Write the line."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


class Bar:
    """A bar with the time that is left, drawn by rich."""

    def __init__(self, progress: "RichProgress", task: "TaskID") -> None:
        self._progress = progress
        self._task = task

    def at(self, done: int, what: str) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, description=what)
        self._progress.refresh()

    def say(self, text: str) -> None:
        """Write a line above the bar."""
        self._progress.console.print(text, highlight=False, markup=False)


@contextlib.contextmanager
def shown(total: int) -> Iterator[Progress]:
    """Show a bar if there is a terminal and rich is installed, else lines."""
    if not sys.stderr.isatty():
        yield Lines(total)
        return
    try:
        from rich.console import Console  # noqa: PLC0415 - an extra, of use on site only
        from rich.progress import Progress as RichProgress  # noqa: PLC0415 - likewise
    except ImportError:
        yield Lines(total)
        return
    # Drawn between two probes and by no thread: nothing else may run beside a bus.
    with RichProgress(console=Console(stderr=True), auto_refresh=False) as progress:
        yield Bar(progress, progress.add_task("", total=total))

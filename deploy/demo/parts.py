# SPDX-License-Identifier: Apache-2.0
"""Processes the demo starts: start, watch, end, and what they said last."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
"""The checkout; the parts run there, so that `-m sampler` is this one."""

PATIENCE_S = 2.0
"""A part that was asked to end and has not by then is killed."""

LAST_LINES_BYTES = 16_384
PR_SET_PDEATHSIG = 1  # linux/prctl.h
LIBC = ctypes.CDLL(None)


class Part:
    """One process in a session of its own, its output in a log file.

    Its own session, so that Ctrl-C in the terminal reaches the demo alone, which
    then ends its parts in order. The kernel kills it should the demo die first.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
    ) -> None:
        self.name = name
        self.log = log
        parent = os.getpid()

        def die_with_parent() -> None:
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - the demo has one thread
            )

    @property
    def pid(self) -> int:
        """The process, and the session and the group that it leads."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; a signal's number, negative, if one ended it."""
        return self._process.poll()

    @property
    def alive(self) -> bool:
        """Whether the process runs. Whether it works is for others to see."""
        return self.exit_status is None

    def last_lines(self, count: int) -> list[str]:
        """Give the end of its log."""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - LAST_LINES_BYTES))
            return file.read().decode(errors="replace").splitlines()[-count:]

    def ends_within(self, seconds: float) -> bool:
        """Wait so long for its end; give whether it came."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> None:
        """Ask it to end and wait; kill what does not. Twice is as good as once."""
        self._signal(signal.SIGTERM)
        if not self.ends_within(PATIENCE_S):
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)


class Parts:
    """All parts, in the order they were started; a `with` ends them in reverse."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._parts: list[Part] = []

    def start(self, name: str, command: Sequence[str]) -> Part:
        """Start a part; its log is NAME.log in the directory."""
        part = Part(name, command, self._directory / f"{name}.log")
        self.add(part)
        return part

    def add(self, part: Part) -> None:
        """Take care of a part that is already running."""
        self._parts.append(part)

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.ExitStack() as ends:  # each is ended, whatever the others do
            for part in self._parts:
                ends.callback(part.end)

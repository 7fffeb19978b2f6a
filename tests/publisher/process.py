# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher as a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


PATIENCE_S = 3.0

"""For an end that should take milliseconds; less than an attempt to connect takes."""


BUS = """
[[bus]]
name = "rs485"
port = "/dev/null"
rate_hz = 10
[[bus.meter]]
name = "charger-1"
model = "m"
unit_id = 1
module_id = "pm_1"
"""


def config(path: Path, *, port: int = 1, mqtt: str = "") -> Path:
    path.write_text(
        f'{BUS}\n[ring]\ndirectory = "{path.parent}"\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n{mqtt}\n'
        "[publish]\nwindow_s = 0.2\ncheck_period_s = 0.2\nfresh_s = 1.0\n"
    )
    return path


class Process:
    """The command in a process of its own. It does not outlive its `with`."""

    def __init__(self, *arguments: object, python: tuple[str, ...] = ()) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *python, "-m", "publisher", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def await_line(self, words: str) -> str:
        """Read its log up to the line with these words."""
        for line in self._process.stderr:
            if words in line:
                return line
        pytest.fail(f"it ended without saying {words!r}")

    @property
    def sleeps(self) -> bool:
        """Whether it waits in a system call."""
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "S"

    def end(self) -> tuple[int, str, str]:
        """Wait for its end; give status, output, and the rest of its log."""
        out, err = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, out, err

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.communicate()


SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def ends_in_order(process: Process, number: signal.Signals) -> str:
    process.signal(number)
    status, out, err = process.end()
    assert (status, out) == (0, "")
    assert "Traceback" not in err
    return err

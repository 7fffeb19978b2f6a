# SPDX-License-Identifier: Apache-2.0
"""A real supervisord under the shipped configuration, over both real processes."""

import importlib.util
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.demo.parts import ROOT, Part, Parts
from deploy.supervisord.watchdog import Process, Supervisor
from ipc.clock import NS_PER_MS, NS_PER_S, SystemClock

SHIPPED = ROOT / "deploy" / "supervisord"
DEBIANS = Path("/usr/bin/supervisord")
PATIENCE_S = 30.0
"""Ticks come each five seconds; a test that runs into this has failed."""


def supervisords() -> dict[str, Sequence[str]]:
    """Give the command of each supervisord of this machine."""
    found: dict[str, Sequence[str]] = {}
    if importlib.util.find_spec("supervisor"):
        found["pip"] = [sys.executable, "-m", "supervisor.supervisord"]
    if DEBIANS.exists():
        found["debian"] = [str(DEBIANS)]
    return found


class Supervised:
    """supervisord, asked through its socket. Stop it: it has children."""

    def __init__(
        self, command: Sequence[str], directory: Path, config: Path, clock: SystemClock
    ) -> None:
        self._clock = clock
        self._directory = directory
        self._supervisor = Supervisor(f"unix://{directory}/run/supervisor.sock")
        self._pids: set[int] = set()
        main = _substituted(directory, config)
        self._parts = Parts(directory)
        self._part: Part = self._parts.start(
            "supervisord", [*command, "-n", "-c", str(main)]
        )

    def process(self, name: str) -> Process:
        """Give what supervisord says of the program that is called so."""
        found = [p for p in self._supervisor.processes() if name in p.name]
        self._pids.update(p.pid for p in found if p.pid)
        return found[0]

    def until(self, condition: Callable[[], bool], what: str) -> float:
        """Wait for the condition, give how long it took; or fail with the logs."""
        start_ns = self._clock.monotonic_ns()
        while self._clock.monotonic_ns() - start_ns < PATIENCE_S * NS_PER_S:
            try:
                if condition():
                    return (self._clock.monotonic_ns() - start_ns) / NS_PER_S
            except OSError:
                assert self._part.alive, self.logs()
            self._clock.wait_until(self._clock.monotonic_ns() + 10 * NS_PER_MS)
        raise AssertionError(f"not seen: {what}; {self.logs()}")

    def until_running(self, name: str) -> float:
        """Wait until it runs as supervisord understands it: for a while by now."""
        return self.until(
            lambda: self.process(name).statename == "RUNNING", f"{name} running"
        )

    def until_replaced(self, name: str, pid: int) -> float:
        """Wait until it is another process than this one."""
        return self.until(
            lambda: self.process(name).pid not in (0, pid), f"{name} replaced"
        )

    def log(self, name: str) -> str:
        return (self._directory / "run" / f"powermeter-{name}.log").read_text()

    def logs(self) -> dict[str, str]:
        found = (self._directory / "run").glob("*.log")
        return {path.name: path.read_text()[-1500:] for path in found}

    def stop(self) -> bool:
        """End it and all its programs in order; give whether that is what happened."""
        with_children = [self.process(name).pid for name in ("sampler", "publisher")]
        os.kill(self._part.pid, signal.SIGTERM)
        ended = self._part.ends_within(PATIENCE_S)
        return ended and not any(Path(f"/proc/{pid}").exists() for pid in with_children)

    def close(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self._part.alive:
            os.kill(self._part.pid, signal.SIGTERM)
            self._part.ends_within(PATIENCE_S)
        for part in self._parts:
            part.end()
        for pid in self._pids:
            command = Path(f"/proc/{pid}/cmdline")
            if (
                command.exists()
                and str(self._directory).encode() in command.read_bytes()
            ):
                os.kill(pid, signal.SIGKILL)


def _substituted(directory: Path, config: Path) -> Path:
    """Write the shipped files with the test's paths and times, nothing else changed."""
    run = directory / "run"
    run.mkdir()
    main = (SHIPPED / "supervisord.conf").read_text()
    programs = (SHIPPED / "powermeter.conf").read_text()
    module = f"{sys.executable} -m"
    text = _replaced(
        f"{main}\n{programs}",
        ("\nfiles=/etc/supervisor/conf.d/*.conf", "\nfiles=/dev/null"),
        (
            "/opt/powermeter/bin/python /etc/powermeter/watchdog.py",
            f"{sys.executable} -m deploy.supervisord.watchdog",
        ),
        ("/opt/powermeter/bin/powermeter-", f"{module} "),
        ("/etc/powermeter/config.toml", str(config)),
        ("--bus rs485", "--bus bus"),
        ("/run/", f"{run}/"),
        # A test has no user of that name and little patience.
        ("\nuser=powermeter", ""),
        (
            "powermeter-sampler=10 powermeter-publisher=60",
            "powermeter-sampler=2 powermeter-publisher=2",
        ),
        ('WATCHDOG_USEC="10000000"', 'WATCHDOG_USEC="1000000"'),
        ('WATCHDOG_USEC="60000000"', 'WATCHDOG_USEC="1000000"'),
        ("\nstartsecs=5\n", "\nstartsecs=2\n"),
        ("\nstartretries=10\n", "\nstartretries=1\n"),
    )
    if os.getuid() != 0:
        text = _replaced(text, ("\nuser=root", ""))
    path = directory / "supervisord.conf"
    path.write_text(text)
    return path


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    for shipped, here in pairs:
        assert shipped in text, shipped
        text = re.sub(re.escape(shipped), lambda _, here=here: here, text)
    return text

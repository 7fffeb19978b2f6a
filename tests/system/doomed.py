# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher, killed at a step: python -m tests.system.doomed STEP run CONFIG.

A step is an SQL statement that changes something, or the moment before or after a call
that leaves a trace in the world: the journal, its witness, a message that is kept.
With step 0 it lives. The number of steps it has done is in POWERMETER_STEPS, if that
names a file; POWERMETER_WALL may name one with the seconds its wall clock is ahead.
With POWERMETER_FINE every opcode of SQLite's virtual machine is a step as well.
"""

import os
import signal
import sys
from pathlib import Path

from ipc.clock import SystemClock
from ipc.units import NS_PER_S
from publisher import __main__ as command
from publisher import database
from publisher.journal import Journal
from publisher.mqtt import Mqtt
from publisher.witness import Witness

TRACES = (
    *((Journal, name) for name in ("add_key", "begin", "abandon", "finish")),
    *((Journal, name) for name in ("recall", "delivered", "prune")),
    (Witness, "note"),
)


class Fate:
    """Counts steps, and ends the process at one of them."""

    def __init__(self, step: int, tally: Path | None) -> None:
        self._step = step
        self._tally = tally and os.open(tally, os.O_WRONLY | os.O_CREAT)
        self._done = 0

    def step(self) -> None:
        self._done += 1
        if self._tally is not None:
            os.pwrite(self._tally, b"%8d" % self._done, 0)
        if self._done == self._step:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, sql: str) -> None:
        """Step before each statement that is more than a look."""
        if not sql.lstrip().upper().startswith("SELECT"):
            self.step()

    def watch(self, owner: type, name: str) -> None:
        """Step before and after each call of a method."""
        method = getattr(owner, name)

        def watched(*arguments, **options):
            self.step()
            result = method(*arguments, **options)
            self.step()
            return result

        setattr(owner, name, watched)

    def watch_messages(self) -> None:
        """Step before and after each message that the broker has to acknowledge."""
        publish = Mqtt.publish

        def watched(mqtt, topic, payload, *, qos=0, **options):
            if qos:
                self.step()
            result = publish(mqtt, topic, payload, qos=qos, **options)
            if qos:
                self.step()
            return result

        Mqtt.publish = watched  # type: ignore[method-assign]

    def watch_statements(self) -> None:
        connect = database.connect

        def traced(path, mode):
            connection = connect(path, mode)
            connection.set_trace_callback(self.statement)
            if os.environ.get("POWERMETER_FINE"):
                connection.set_progress_handler(self.step, 1)
            return connection

        database.connect = traced


def set_wall(file: Path) -> None:
    """Let the wall clock be ahead by what the file says at that time."""
    wall_ns = SystemClock.wall_ns

    def shifted(clock: SystemClock) -> int:
        return wall_ns(clock) + int(file.read_text()) * NS_PER_S

    SystemClock.wall_ns = shifted  # type: ignore[method-assign]


def main() -> int:
    """Be the publisher until the step."""
    step = int(sys.argv.pop(1))
    tally = os.environ.get("POWERMETER_STEPS")
    fate = Fate(step, Path(tally) if tally else None)
    for owner, name in TRACES:
        fate.watch(owner, name)
    fate.watch_messages()
    fate.watch_statements()
    if wall := os.environ.get("POWERMETER_WALL"):
        set_wall(Path(wall))
    return command.main()


if __name__ == "__main__":
    sys.exit(main())

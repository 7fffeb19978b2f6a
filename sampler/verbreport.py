# SPDX-License-Identifier: Apache-2.0
"""What the sampler says of the verbs: those that change a meter, and all that fail.

A verb that only looks is asked for every minute: it is told only if it fails, and then
once a minute. Who asked has the reason anyway; this is for who reads the log of the bus.
"""

from collections.abc import Callable, Sequence

from ipc.clock import Clock
from ipc.commands import Call, Failed, GetIdentity, GetTransactionState, Outcome
from ipc.log import Logger, RateLimit


class VerbReport:
    """Logs the ends of verbs; tells whoever watches what is at work."""

    def __init__(
        self, *, log: Logger, clock: Clock, watcher: Callable[[str | None], None]
    ) -> None:
        """Take who is told what is at work; None is nothing."""
        self._log = log
        self._limit = RateLimit(clock)
        self._watcher = watcher
        self._at_work: tuple[Call, ...] = ()

    def verb(self, call: Call, outcome: Outcome) -> None:
        """Take note of a verb's end."""
        verb = type(call.command).__name__
        if isinstance(outcome, Failed):
            self._limit(
                f"{verb} {outcome.kind}",  # few, whatever meter a caller names
                self._log.warning,
                "verb_failed",
                meter=call.meter[:64],
                verb=verb,
                kind=outcome.kind.value,
                reason=outcome.reason,
            )
        elif not isinstance(call.command, GetIdentity | GetTransactionState):
            self._log.info("verb_done", meter=call.meter, verb=verb)

    def at_work(self, calls: Sequence[Call]) -> None:
        """Take note of what has not come to its end."""
        if (now := tuple(calls)) != self._at_work:
            self._at_work = now
            self._watcher(", ".join(map(_name, now)) or None)


def _name(call: Call) -> str:
    return f"{type(call.command).__name__} of {call.meter}"

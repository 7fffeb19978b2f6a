# SPDX-License-Identifier: Apache-2.0
"""everest_api/discover: which modules EVerest has, and how they watch over us.

Every API module answers by itself, so an absence is known only after a while.
"""

import msgspec

from ipc.units import NS_PER_S
from publisher.messages import CommunicationMonitoring, DiscoverReply, Module

ANSWERS_NS = 2 * NS_PER_S
"""After a question: who has not answered by then is not there."""

PAUSE_NS = 5 * NS_PER_S
"""Between two questions: a restart of EVerest shows in several ways at once."""

MOST_MODULES = 100
LONGEST_ID = 64
"""Anyone who may write the answer's topic may say anything there."""

_REPLY = msgspec.json.Decoder(DiscoverReply)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a round.

    known    the powermeter modules that answered, sorted
    missing  those of ours that did not, sorted
    """

    known: list[str]
    missing: list[str]


class Discovery:
    """Asks when it is told to, not too often, and collects the answers."""

    def __init__(self, module_ids: frozenset[str]) -> None:
        self._ours = module_ids
        self._ask_ns: int | None = None
        self._asked_ns: int | None = None
        self._end_ns: int | None = None
        self._found: set[str] = set()
        self._monitoring: dict[str, CommunicationMonitoring] = {}

    @property
    def due_ns(self) -> int | None:
        """When ask() or end() will have something to say."""
        times = [time for time in (self._ask_ns, self._end_ns) if time is not None]
        return min(times, default=None)

    def want(self, now_ns: int) -> None:
        """Ask as soon as it is not too soon."""
        earliest = now_ns if self._asked_ns is None else self._asked_ns + PAUSE_NS
        self._ask_ns = max(now_ns, earliest)

    def ask(self, now_ns: int) -> bool:
        """Say whether the question is to be sent now; a new round begins."""
        if self._ask_ns is None or now_ns < self._ask_ns:
            return False
        self._ask_ns, self._asked_ns = None, now_ns
        self._end_ns = now_ns + ANSWERS_NS
        self._found = set()
        return True

    def take(self, payload: bytes) -> bool:
        """Take an answer; false if it is none."""
        try:
            modules = _REPLY.decode(payload).apis
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return False
        for module in modules:
            fits = len(module.module_id) <= LONGEST_ID
            if module.kind == "powermeter" and fits and len(self._found) < MOST_MODULES:
                self._add(module)
        return True

    def end(self, now_ns: int) -> Finding | None:
        """Give what was found, once, when the round is over."""
        if self._end_ns is None or now_ns < self._end_ns:
            return None
        self._end_ns = None
        missing = sorted(self._ours - self._found)
        return Finding(known=sorted(self._found), missing=missing)

    def monitoring(self) -> list[CommunicationMonitoring]:
        """Give how the modules that are ours watch over us, as they last said."""
        return list(self._monitoring.values())

    def _add(self, module: Module) -> None:
        self._found.add(module.module_id)
        if module.module_id in self._ours and module.communication_monitoring:
            self._monitoring[module.module_id] = module.communication_monitoring

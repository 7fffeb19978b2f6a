# SPDX-License-Identifier: Apache-2.0
"""Tells EVerest the keys with which its records are verified.

Retained, so that EVerest finds them whenever it starts. Sent again when EVerest has
started and when a key has changed, but in no loop: a charging station behind EVerest
writes its configuration anew for every key it is told.
"""

from collections.abc import Callable, Mapping

from ipc.clock import Clock
from ipc.units import NS_PER_S
from publisher import messages
from publisher.responder import Broker

PAUSE_NS = 10 * NS_PER_S
"""A start of EVerest shows in several ways within this."""


class KeyAnnouncer:
    """Of all meters.

    topics  where each meter's key goes, by its name
    keys    gives the keys that are known now, by the meter's name: SPKI, DER, hex
    """

    def __init__(
        self,
        topics: Mapping[str, str],
        *,
        keys: Callable[[], Mapping[str, str]],
        clock: Clock,
    ) -> None:
        self._topics = topics
        self._keys = keys
        self._clock = clock
        self._told: dict[str, str] = {}
        self._told_ns: int | None = None
        self._sessions = 0
        self._starts = 0

    def step(self, broker: Broker, *, starts: int) -> None:
        """Tell what has not been told; starts: how often EVerest was seen to start."""
        if not broker.connected:
            return
        self._forget(broker.sessions, starts)
        for meter, key in self._keys().items():
            if self._told.get(meter) != key and broker.publish(
                self._topics[meter], messages.encode(key), qos=1, retain=True
            ):
                self._told[meter] = key
                self._told_ns = self._clock.monotonic_ns()

    def _forget(self, sessions: int, starts: int) -> None:
        """Forget what was told to a broker, or an EVerest, that is not the same now."""
        told_ns = self._told_ns
        is_new_broker = sessions != self._sessions
        is_new_everest = starts != self._starts and (
            told_ns is None or self._clock.monotonic_ns() - told_ns >= PAUSE_NS
        )
        if is_new_broker or is_new_everest:
            self._told.clear()
        self._sessions, self._starts = sessions, starts

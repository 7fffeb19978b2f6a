# SPDX-License-Identifier: Apache-2.0
"""The topic table of one EVerest module: build and recognise."""

import msgspec

LONGEST_TOPIC = 65_535
"""Bytes of a topic name: MQTT 5.0, section 1.5.4."""

DEEPEST_TOPIC = 100
"""Levels: a broker closes the connection over a topic that it finds too deep
(mosquitto 2.0 beyond 200)."""

_UNFIT = frozenset("+#$")
"""MQTT 5.0, section 4.7: wildcards, and the mark of the broker's own topics."""


class Api(msgspec.Struct, frozen=True, kw_only=True):
    """What all modules share: topics two levels above `base` (version and type)."""

    base: str

    @property
    def discover(self) -> str:
        """Where we ask which modules there are."""
        return f"{self._root}/discover"

    @property
    def ready_beacon(self) -> str:
        """Where EVerest says that its modules are up; maybe several times."""
        return f"{self._root}/ready_beacon"

    @property
    def _root(self) -> str:
        return self.base.rsplit("/", 2)[0]


class Topics(msgspec.Struct, frozen=True, kw_only=True):
    """Topics below `base`/`module_id`: e2m is EVerest to us, m2e us to EVerest."""

    base: str
    module_id: str

    @property
    def start_transaction(self) -> str:
        """Where EVerest asks for a transaction to begin."""
        return f"{self.base}/{self.module_id}/e2m/start_transaction"

    @property
    def stop_transaction(self) -> str:
        """Where EVerest asks for a transaction to end."""
        return f"{self.base}/{self.module_id}/e2m/stop_transaction"

    @property
    def heartbeat(self) -> str:
        """Where EVerest's module shows that it lives."""
        return f"{self.base}/{self.module_id}/e2m/heartbeat"

    @property
    def discovered(self) -> str:
        """Where EVerest's modules answer `discover`.

        Below e2m, because that is what a broker's rules let us read.
        """
        return f"{self.base}/{self.module_id}/e2m/discovered"

    @property
    def powermeter_values(self) -> str:
        """Where the measured values go."""
        return f"{self.base}/{self.module_id}/m2e/powermeter_values"

    @property
    def communication_check(self) -> str:
        """Where we state that the whole chain is good."""
        return f"{self.base}/{self.module_id}/m2e/communication_check"

    @property
    def replies(self) -> str:
        """What the topics begin with on which EVerest waits for our answers."""
        return f"{self.base}/{self.module_id}/m2e/reply/"

    @property
    def public_key(self) -> str:
        """Where the key goes that verifies this meter's records."""
        return f"{self.base}/{self.module_id}/m2e/public_key_ocmf"

    def may_reply_to(self, topic: str) -> bool:
        """Whether a request may send our answer there.

        Anyone who may write e2m names the topic: only what lies below our own m2e
        is answered, and none of the topics that mean something else there.

        A broker closes the connection over a control or a non-character (MQTT 5.0,
        section 1.5.4). The answer would be sent again after each reconnection, so
        one such topic would keep us away for good: only printable ones are taken.
        """
        below = f"{self.base}/{self.module_id}/m2e/"
        own = (self.powermeter_values, self.communication_check, self.public_key)
        return (
            topic.startswith(below)
            and len(topic) > len(below)
            and topic not in own
            and topic.removeprefix(below).isprintable()
            and _UNFIT.isdisjoint(topic)
            and topic.count("/") < DEEPEST_TOPIC
            and len(topic.encode()) <= LONGEST_TOPIC
        )

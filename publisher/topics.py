# SPDX-License-Identifier: Apache-2.0
"""The topic table of one EVerest module: build and recognise."""

import re

import msgspec

LONGEST_TOPIC = 65_535
"""Bytes of a topic name: MQTT 5.0, section 1.5.4."""

# MQTT 5.0 section 4.7: no wildcards, no NUL; and no control characters at all,
# which brokers may refuse by closing the connection (section 1.5.4).
_UNFIT = re.compile(r"[+#$\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


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
    def powermeter_values(self) -> str:
        """Where the measured values go."""
        return f"{self.base}/{self.module_id}/m2e/powermeter_values"

    @property
    def communication_check(self) -> str:
        """Where we state that the whole chain is good."""
        return f"{self.base}/{self.module_id}/m2e/communication_check"

    def may_reply_to(self, topic: str) -> bool:
        """Whether a request may send our answer there.

        Anyone who may write e2m names the topic: only what lies below our own m2e
        is answered, and none of the topics that mean something else there.
        """
        below = f"{self.base}/{self.module_id}/m2e/"
        own = (self.powermeter_values, self.communication_check)
        return (
            topic.startswith(below)
            and len(topic) > len(below)
            and topic not in own
            and topic != f"{below}public_key_ocmf"
            and not _UNFIT.search(topic)
            and len(topic.encode()) <= LONGEST_TOPIC
        )

# SPDX-License-Identifier: Apache-2.0
"""What the broker has yet to acknowledge, and who wants to hear that it has."""

from collections.abc import Callable

SUCCESS = 0
"""MQTT 5.0, section 3.4.2.1; 16 would say that nobody has subscribed to the topic."""

FAILURE = 0x80
"""MQTT 5.0, section 2.4: the codes from here on."""


class Receipts:
    """By message id: as many as paho's queue holds, at the most.

    refused  acknowledgements that were refusals
    """

    def __init__(self) -> None:
        self.refused = 0
        self._expected: dict[int, Callable[[], None] | None] = {}
        self._taken: list[Callable[[], None]] = []

    @property
    def waiting(self) -> int:
        """How many messages the broker has not acknowledged yet."""
        return len(self._expected)

    def expect(self, message_id: int, on_taken: Callable[[], None] | None) -> None:
        """Remember a message that was handed over, and who is to be called."""
        self._expected[message_id] = on_taken

    def take(self, message_id: int, code: int) -> bool:
        """Take the reason code of an acknowledgement; false if it is a refusal."""
        on_taken = self._expected.pop(message_id, None)
        if on_taken is not None and code == SUCCESS:
            self._taken.append(on_taken)
        is_refused = code >= FAILURE
        self.refused += is_refused
        return not is_refused

    def tell(self) -> None:
        """Call those whose messages the broker has taken, each once."""
        while self._taken:
            self._taken.pop(0)()

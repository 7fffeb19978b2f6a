# SPDX-License-Identifier: Apache-2.0
"""The channels to the samplers, kept in the loop's selector while they are connected."""

import selectors
from collections.abc import Sequence

from ipc.channel import ChannelClient
from ipc.commands import Answer


class Channels:
    """Those of the buses that have a meter which signs by itself; often none."""

    def __init__(
        self, clients: Sequence[ChannelClient], *, selector: selectors.BaseSelector
    ) -> None:
        self._clients = clients
        self._selector = selector
        self._registered: set[int] = set()

    @property
    def due_ns(self) -> int | None:
        """When service() has something to do even if nothing has come; None: never."""
        due = (client.due_ns for client in self._clients)
        return min((each for each in due if each is not None), default=None)

    def watch(self) -> None:
        """Have the selector look at every connection there is; before each wait.

        Each time anew: a connection may have taken the place, and the number, of one
        that was closed, and the kernel has then forgotten it.
        """
        for descriptor in self._registered:
            self._selector.unregister(descriptor)
        found = {client.fileno() for client in self._clients} - {None}
        self._registered = {each for each in found if each is not None}
        for descriptor in self._registered:
            self._selector.register(descriptor, selectors.EVENT_READ, self)

    def service(self) -> list[tuple[ChannelClient, list[Answer]]]:
        """Give the answers that have come, or will not come any more."""
        heard = [(client, client.service()) for client in self._clients]
        return [(client, answers) for client, answers in heard if answers]

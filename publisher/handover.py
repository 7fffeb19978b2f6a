# SPDX-License-Identifier: Apache-2.0
"""Between the clerk and the others: requests and samples in, replies and notes out.

A record counts as handed over when the broker has acknowledged the reply with it and
somebody was there to take it.
"""

from collections.abc import Sequence
from functools import partial
from typing import Protocol, assert_never

from ipc.channel import ChannelClient
from ipc.commands import Answer
from ipc.sample import Sample
from publisher import messages
from publisher.channels import Channels
from publisher.outbox import Delivery, Note, Post, Said
from publisher.report import Report
from publisher.requests import Content, Request
from publisher.responder import Broker


class Clerk(Protocol):
    """publisher/clerk.py, which is only loaded if somebody signs."""

    @property
    def due_ns(self) -> int | None:
        """When tick() has something to do."""
        ...

    def boot(self) -> list[Said]:
        """Take up what is open; once, before all else."""
        ...

    def ask(
        self, meter: str, request: Content, reply_to: str | None, now_ns: int
    ) -> list[Said]:
        """Take a request."""
        ...

    def sample(self, meter: str, sample: Sample) -> list[Said]:
        """Take a good and fresh sample."""
        ...

    def tick(self, now_ns: int) -> list[Said]:
        """Do what is due."""
        ...

    def delivered(self, delivery: Delivery) -> list[Said]:
        """Write down that a record was handed over."""
        ...

    def heard(self, channel: ChannelClient, answers: Sequence[Answer]) -> list[Said]:
        """Take what the meters that sign by themselves have answered."""
        ...

    def is_ready(self, meter: str) -> str:
        """Say why this meter's transactions cannot be signed now."""
        ...


class Handover:
    """Carries things to the clerk, and what it says away.

    clerk     None: nobody signs, and there is nothing to carry
    channels  to the meters that sign by themselves; None: there are none
    """

    def __init__(
        self, clerk: Clerk | None, *, channels: Channels | None = None, report: Report
    ) -> None:
        self._clerk = clerk
        self._channels = channels
        self._report = report

    @property
    def due_ns(self) -> int | None:
        """When tick() has something to do; None: when something else happens."""
        due = [] if self._clerk is None else [self._clerk.due_ns]
        if self._channels is not None:
            due.append(self._channels.due_ns)
        return min((each for each in due if each is not None), default=None)

    def watch(self) -> None:
        """Have the loop's selector look at the channels; before each wait."""
        if self._channels is not None:
            self._channels.watch()

    def boot(self, broker: Broker) -> None:
        """Let the clerk take up what its journal holds open; once, before all else."""
        if self._clerk is not None:
            self._carry(self._clerk.boot(), broker)

    def ask(self, meter: str, request: Request, now_ns: int, broker: Broker) -> None:
        """Take a request of a meter whose transactions are signed."""
        if self._clerk is not None:
            said = self._clerk.ask(meter, request.content, request.reply_to, now_ns)
            self._carry(said, broker)

    def sample(self, meter: str, sample: Sample, broker: Broker) -> None:
        """Take a good and fresh sample."""
        if self._clerk is not None:
            self._carry(self._clerk.sample(meter, sample), broker)

    def tick(self, now_ns: int, broker: Broker) -> None:
        """Do what is due, and take what the meters have answered."""
        self._hear(broker)
        due_ns = self.due_ns
        if self._clerk is not None and due_ns is not None and now_ns >= due_ns:
            self._carry(self._clerk.tick(now_ns), broker)

    def is_ready(self, meter: str) -> str:
        """Say why this meter's transactions cannot be signed now; empty if they can.

        Or if they need not be.
        """
        return "" if self._clerk is None else self._clerk.is_ready(meter)

    def _hear(self, broker: Broker) -> None:
        if self._clerk is None or self._channels is None:
            return
        for channel, answers in self._channels.service():
            self._carry(self._clerk.heard(channel, answers), broker)

    def _carry(self, said: Sequence[Said], broker: Broker) -> None:
        for line in said:
            match line:
                case Note():
                    self._report.noted(line)
                case Post():
                    self._publish(line, broker)
                case _:
                    assert_never(line)

    def _publish(self, post: Post, broker: Broker) -> None:
        on_taken = None
        if post.delivery is not None:
            on_taken = partial(self._delivered, post.delivery, broker)
        payload = messages.encode(post.reply)
        answered = broker.publish(post.topic, payload, qos=1, on_taken=on_taken)
        self._report.replied(post.topic, post.reply, answered=answered)

    def _delivered(self, delivery: Delivery, broker: Broker) -> None:
        if self._clerk is not None:
            self._carry(self._clerk.delivered(delivery), broker)

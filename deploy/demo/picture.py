# SPDX-License-Identifier: Apache-2.0
"""What there is to show at one moment, before anybody draws it."""

import datetime as dt
import enum
from collections import deque
from typing import Any

import msgspec

from deploy.demo.chain import BAUDRATE, LOAD_KW, MODEL, RATE_HZ, UNIT_ID, Chain
from deploy.demo.everest import API, Everest
from deploy.demo.exchange import Passed, Publish
from deploy.demo.session import Session
from ipc.clock import NS_PER_S, Clock

KEPT_MESSAGES = 200
SILENT_S = 4.0
"""Older than this is not fresh: no message, no sample, for several periods."""


class State(enum.StrEnum):
    """Of a link of the chain."""

    STARTING = "starting"
    ALIVE = "alive"
    SILENT = "silent"
    FAULT = "fault"
    DEAD = "dead"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One link: its state, the age of the last sign of life, what it does."""

    name: str
    state: State
    age_s: float | None
    note: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message that passed the broker, but no heartbeat: those crowd the rest out.

    The topic is without the API's own part.
    """

    elapsed_s: float
    sent: bool
    topic: str
    payload: str


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a view needs."""

    elapsed_s: float
    values: dict[str, Any]
    chain: list[Link]
    messages: list[Message]
    news: list[Message]


class Painter:
    """Makes pictures of the running demo and remembers the last messages."""

    def __init__(
        self,
        *,
        chain: Chain,
        everest: Everest,
        session: Session,
        clock: Clock,
        start_ns: int,
    ) -> None:
        self._chain = chain
        self._everest = everest
        self._session = session
        self._clock = clock
        self._start_ns = start_ns
        self._messages: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self._last_s: dict[bool, float] = {}

    def paint(self) -> Picture:
        """Take the messages since the last picture and say how things are."""
        elapsed_s = self._elapsed_s(self._clock.monotonic_ns())
        news = [self._message(passed) for passed in self._everest.passed]
        self._everest.passed.clear()
        self._last_s |= {message.sent: message.elapsed_s for message in news}
        news = [message for message in news if message.topic != "e2m/heartbeat"]
        self._messages += news
        return Picture(
            elapsed_s=elapsed_s,
            values=self._everest.values or {},
            chain=self._links(elapsed_s),
            messages=list(self._messages),
            news=news,
        )

    def _elapsed_s(self, at_ns: int) -> float:
        return (at_ns - self._start_ns) / NS_PER_S

    def _message(self, passed: Passed) -> Message:
        message = passed.message
        topic = message.topic.removeprefix(f"{self._everest.settings.base}/")
        return Message(
            elapsed_s=self._elapsed_s(passed.at_ns),
            sent=isinstance(message, Publish),
            topic=topic.removeprefix(f"{API}/"),
            payload=readable(message.payload),
        )

    def _links(self, elapsed_s: float) -> list[Link]:
        broker, seen = self._chain.broker, self._session.seen
        last_s = self._last_s
        sent_s, received_s = (
            elapsed_s - last_s[sent] if sent in last_s else None
            for sent in (True, False)
        )
        meter = f"{MODEL}, unit {UNIT_ID}, {BAUDRATE} baud, {LOAD_KW} kW"
        counts = f"{seen.values} values, {seen.checks} checks, {seen.rejected} rejected"
        address = f"{broker.kind}, MQTT {broker.protocol}, {broker.host}:{broker.port}"
        return [
            self._process("meter", meter),
            self._talker(
                "sampler", self._sample_age_s(), f"{RATE_HZ} samples a second"
            ),
            self._talker("publisher", received_s, counts),
            self._process("broker", address),
            self._module(sent_s),
        ]

    def _process(self, name: str, note: str) -> Link:
        """Say of a part that is not heard by itself whether its process runs."""
        state = State.ALIVE if self._chain.alive[name] else State.DEAD
        return Link(name=name, state=state, age_s=None, note=note)

    def _talker(self, name: str, age_s: float | None, note: str) -> Link:
        """Say of a part that is heard how long ago that was."""
        if not self._chain.alive[name]:
            state = State.DEAD
        elif age_s is None:
            state = State.STARTING
        else:
            state = State.ALIVE if age_s <= SILENT_S else State.SILENT
        return Link(name=name, state=state, age_s=age_s, note=note)

    def _module(self, age_s: float | None) -> Link:
        if self._everest.supervision.fault:
            note = f"CommunicationFault; {self._session.phase}"
            return Link(name="EVerest", state=State.FAULT, age_s=age_s, note=note)
        phase = self._session.phase
        return Link(name="EVerest", state=State.ALIVE, age_s=age_s, note=phase)

    def _sample_age_s(self) -> float | None:
        """Say how old the newest values were measured, by their own timestamp."""
        if self._everest.values is None:
            return None
        try:
            measured = dt.datetime.fromisoformat(self._everest.values["timestamp"])
        except ValueError:
            return None
        return self._clock.wall_ns() / NS_PER_S - measured.timestamp()


def readable(payload: bytes) -> str:
    """Give a payload as one line that no terminal takes for a command."""
    text = payload.decode(errors="replace")
    return "".join(each if each.isprintable() else "�" for each in text)

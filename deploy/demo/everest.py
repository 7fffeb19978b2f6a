# SPDX-License-Identifier: Apache-2.0
"""A stand-in for EVerest's powermeter_API module: its behaviour, without I/O.

It is told what arrives and what time it is, and says what to send (drain()). It
does what the module was seen to do on a broker: heartbeats, requests with a reply
topic of their own, the communication check, discovery. Whatever it receives is
validated; what EVerest would drop, or the API's contract forbids, is a rejection.
deploy/demo/stand_in.py puts it on a broker.
"""

import re
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from deploy.demo.codec import Kind, decode
from deploy.demo.exchange import (
    Call,
    Command,
    Effect,
    Passed,
    Publish,
    Received,
    Rejection,
    Subscribe,
    Unsubscribe,
)
from deploy.demo.fields import Rejected
from ipc.clock import NS_PER_MS, NS_PER_S

API = "everest_api"
DISCOVERY = (f"{API}/discover", f"{API}/query-modules/powermeter")
HEARTBEAT_VALUES = 2**64
RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)

TOPIC_TO_PUBLISH = re.compile(r"[^+#\x00-\x1f\x7f-\x9f]{1,1000}")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The module's configuration. EVerest's own reply timeout is 550 s by default."""

    module_id: str = "pm_1"
    heartbeat_ms: int = 1000
    check_timeout_s: float = 5.0
    reply_timeout_s: float = 10.0

    @property
    def base(self) -> str:
        """The topics of this module begin so."""
        return f"{API}/1/powermeter/{self.module_id}"


class Supervision:
    """The communication check: CommunicationFault until a message, and on silence.

    `false` clears the fault and ends the supervision for good.
    """

    def __init__(self, timeout_s: float) -> None:
        self.fault = timeout_s > 0
        self.ended = timeout_s <= 0
        self.messages = 0
        self._timeout_ns = int(timeout_s * NS_PER_S)
        self._last_ns: int | None = None

    def heard(self, statement: bool, now_ns: int) -> None:
        """Take a statement of the client."""
        self.messages += 1
        self.fault = False
        self.ended = self.ended or not statement
        self._last_ns = now_ns

    def tick(self, now_ns: int) -> None:
        """Raise the fault when it has been silent for too long."""
        if not self.ended and self._last_ns is not None:
            self.fault = now_ns - self._last_ns > self._timeout_ns


class Everest:
    """The module. Bounded: `rejections` and `passed` keep their newest hundreds.

    `passed` is every message, sent or received, in order; whoever shows them takes
    them out of it.
    """

    def __init__(self, settings: Settings, now_ns: int) -> None:
        self.settings = settings
        self.supervision = Supervision(settings.check_timeout_s)
        self.heartbeats = 0
        self.values: dict[str, Any] | None = None
        self.values_received = 0
        self.public_key: str | None = None
        self.rejections: deque[Rejection] = deque(maxlen=200)
        self.rejections_made = 0
        self.passed: deque[Passed] = deque(maxlen=500)
        self._queues: dict[Command, deque[Call]] = {each: deque() for each in Command}
        self._now_ns = self._next_heartbeat_ns = now_ns
        self._effects: list[Effect] = []
        self._kinds = {
            self._m2e("powermeter_values"): Kind.POWERMETER_VALUES,
            self._m2e("public_key_ocmf"): Kind.PUBLIC_KEY,
            self._m2e("communication_check"): Kind.COMMUNICATION_CHECK,
        }
        self._effects += [Subscribe(topic) for topic in (*self._kinds, *DISCOVERY)]
        self._publish(f"{API}/ready_beacon", {})

    def start_transaction(self, request: Mapping[str, Any]) -> Call:
        """Ask for a start. A request EVerest could not have sent is Rejected."""
        decode(Kind.REQUEST_START, msgspec.json.encode(request))
        return self._queue(Command.START, request)

    def stop_transaction(self, transaction_id: str) -> Call:
        """Ask for a stop: a bare JSON string; "" cancels everything that is open."""
        return self._queue(Command.STOP, transaction_id)

    def tick(self, now_ns: int) -> None:
        """Do what time brings: heartbeat, timeouts, the next request of a queue."""
        self._now_ns = now_ns
        if now_ns >= self._next_heartbeat_ns:
            self._publish(self._e2m("heartbeat"), self.heartbeats % HEARTBEAT_VALUES)
            self.heartbeats += 1
            period_ns = self.settings.heartbeat_ms * NS_PER_MS
            late_ns = now_ns - self._next_heartbeat_ns
            self._next_heartbeat_ns += period_ns * (1 + late_ns // period_ns)
        self.supervision.tick(now_ns)
        for queue in self._queues.values():
            self._advance(queue, now_ns)

    def receive(self, message: Received, now_ns: int) -> None:
        """Take a message: it counts, or it is rejected with its reason."""
        self._now_ns = now_ns
        self.passed.append(Passed(now_ns, message))
        try:
            self._take(message, now_ns)
        except Rejected as rejected:
            self._reject(message, str(rejected))

    def drain(self) -> list[Effect]:
        """Give what is to be sent, in order, once."""
        effects, self._effects = self._effects, []
        return effects

    def _take(self, message: Received, now_ns: int) -> None:
        topic, payload = message.topic, message.payload
        if topic in DISCOVERY:
            self._answer_discovery(payload)
            return
        if message.retained and self._kinds.get(topic) is not Kind.PUBLIC_KEY:
            self._reject(message, "retained: it would be taken for news at a restart")
        match self._kinds.get(topic):
            case Kind.POWERMETER_VALUES as kind:
                self.values = self._decode(kind, message)
                self.values_received += 1
            case Kind.COMMUNICATION_CHECK as kind:
                self.supervision.heard(decode(kind, payload), now_ns)
            case Kind.PUBLIC_KEY as kind:
                self.public_key = decode(kind, payload)
            case _:
                self._take_reply(message)

    def _take_reply(self, message: Received) -> None:
        for queue in self._queues.values():
            if queue and queue[0].reply_to == message.topic and not queue[0].done:
                call = queue[0]
                starts = call.command is Command.START
                kind = Kind.REPLY_START if starts else Kind.REPLY_STOP
                call.reply = self._decode(kind, message)
                if _lacks_record(call):
                    self._reject(message, "OK to a stop, but no signed_meter_value")

    def _decode(self, kind: Kind, message: Received) -> dict[str, Any]:
        """Decode, and hold the times against the schema, which EVerest may check."""
        document: dict[str, Any] = decode(kind, message.payload)
        for key, time in _times(document):
            if not RFC3339.fullmatch(time):
                self._reject(message, f"{key} = {time!r}: not RFC 3339 with an offset")
        return document

    def _reject(self, message: Received, reason: str) -> None:
        self.rejections_made += 1
        self.rejections.append(
            Rejection(topic=message.topic, payload=message.payload, reason=reason)
        )

    def _queue(self, command: Command, payload: Any) -> Call:  # noqa: ANN401 - any JSON
        call = Call(command, payload, self._m2e(f"reply/{uuid.uuid4()}"))
        self._queues[command].append(call)
        return call

    def _advance(self, queue: deque[Call], now_ns: int) -> None:
        """End the call in front if it is over, send the one behind it."""
        while queue:
            call = queue[0]
            if call.deadline_ns is None:
                self._send(call, now_ns)
            elif not call.done:
                call.timed_out = now_ns >= call.deadline_ns
            if not call.done:
                return
            self._effects.append(Unsubscribe(call.reply_to))
            queue.popleft()

    def _send(self, call: Call, now_ns: int) -> None:
        """Publish, then subscribe to the reply: EVerest does it in this order."""
        call.deadline_ns = now_ns + int(self.settings.reply_timeout_s * NS_PER_S)
        envelope = {"headers": {"replyTo": call.reply_to}, "payload": call.payload}
        self._publish(self._e2m(call.command), envelope)
        self._effects.append(Subscribe(call.reply_to))

    def _answer_discovery(self, payload: bytes) -> None:
        request = decode(Kind.REQUEST_REPLY, payload)
        if reply_to := request.get("headers", {}).get("replyTo"):
            if not TOPIC_TO_PUBLISH.fullmatch(reply_to):
                raise Rejected("replyTo: not a topic to publish to")
            monitoring = {
                "communication_check_period_s": int(self.settings.check_timeout_s),
                "heartbeat_period_ms": self.settings.heartbeat_ms,
            }
            module = {
                "communication_monitoring": monitoring,
                "module_id": self.settings.module_id,
                "type": "powermeter",
                "version": 1,
            }
            self._publish(reply_to, {"apis": [module]})

    def _publish(self, topic: str, document: Any) -> None:  # noqa: ANN401 - any JSON
        publish = Publish(topic, msgspec.json.encode(document))
        self._effects.append(publish)
        self.passed.append(Passed(self._now_ns, publish))

    def _m2e(self, name: str) -> str:
        return f"{self.settings.base}/m2e/{name}"

    def _e2m(self, name: str) -> str:
        return f"{self.settings.base}/e2m/{name}"


def _lacks_record(call: Call) -> bool:
    reply = call.reply or {}
    return (
        call.command is Command.STOP
        and call.payload != ""
        and reply.get("status") == "OK"
        and "signed_meter_value" not in reply
    )


def _times(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give every time in a decoded message."""
    for key, value in document.items():
        if key == "timestamp" or key.endswith("_stop_time"):
            yield key, value
        elif isinstance(value, dict):
            yield from _times(value)

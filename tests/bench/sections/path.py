# SPDX-License-Identifier: Apache-2.0
"""From the meter's last byte to EVerest, and from a request to its answer.

Beside each stands MQTT alone: a message of the same size from the same subscriber
through the same broker back to it, and a program that answers every request at once.
"""

import bisect
import contextlib
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ipc.units import NS_PER_MS
from tests.bench import chain
from tests.bench.chain import BELOW, VALUES, Chain, Peer, Settings
from tests.bench.contest import Effort, Round, contest
from tests.bench.record import OURS, Series

SECTION = "path"
ALONE, WRITTEN = "MQTT alone", "MQTT and a bare write to disk"
HOP = "bench/hop"
START, STOP = f"{BELOW}/e2m/start_transaction", f"{BELOW}/e2m/stop_transaction"
REPLY = f"{BELOW}/m2e/reply/bench"
ECHO, WRITING_ECHO = "bench/echo", "bench/echo/write"
SETTINGS = (
    Settings(signing="none"),
    Settings(signing="gateway"),
    Settings(signing="meter", model="carlo_gavazzi_em580", rate_hz=2.0),
)
SIZE = 700
"""Bytes of a message with all that an SDM630 gives, about."""


def run(effort: Effort, directory: Path) -> Iterator[Series]:
    """Measure it."""
    for settings in SETTINGS[: 2 if effort.is_quick else 3]:
        home = directory / settings.signing
        home.mkdir()
        with chain.running(home, settings) as parts:
            echo = chain.command("tests.bench.echo", parts.broker.port, f"{ECHO}/#")
            topics = (VALUES, HOP, REPLY)
            with echo, contextlib.closing(Peer(parts.broker, *topics)) as peer:
                peer.until(lambda: any(topic == VALUES for _, topic, _ in peer.came))
                match settings.signing:
                    case "none":
                        yield from _unsigned(peer, effort)
                        yield from _values(parts, peer, effort)
                    case "gateway":
                        yield from _signed(parts, peer, effort)
                    case _:
                        yield from _signed_by_the_meter(peer, effort)


def _values(parts: Chain, peer: Peer, effort: Effort) -> Iterator[Series]:
    """Measure values; the meter says when its answers had ended once it is over."""
    seconds = 1.2 if effort.is_quick else 4.0

    def values() -> dict[str, list[float]]:
        before = len(peer.came)
        time.sleep(seconds)
        came = [float(at) for at, topic, _ in peer.came[before:] if topic == VALUES]
        return {"latency_ms": came}

    def hops() -> dict[str, list[float]]:
        return {"latency_ms": [_hop(peer) for _ in range(15)]}

    contenders: dict[str, Round] = {OURS: values, ALONE: hops}
    case = "last byte of the meter to the subscriber"
    ours, alone = contest(SECTION, case, contenders, effort)
    yield since_last_byte(ours, parts.meter.finish().ended_ns)
    yield alone


def _unsigned(peer: Peer, effort: Effort) -> Iterator[Series]:
    """Measure the answer of a meter that does not sign: it waits for nothing."""
    count = 5 if effort.is_quick else 20

    def whole() -> dict[str, list[float]]:
        asked = [_ask(peer, START, _start("t"), b'"NOT_SUPP') for _ in range(count)]
        return {"start_ms": [each.took_ms for each in asked]}

    contenders = {OURS: whole, ALONE: _echoed(peer, ECHO, count, "start_ms")}
    case = "request to answer, signing = none"
    yield from contest(SECTION, case, contenders, effort)


def _signed(parts: Chain, peer: Peer, effort: Effort) -> Iterator[Series]:
    """Measure what comes behind the meter's own answer, which each of these needs."""
    count = 4 if effort.is_quick else 15
    names = (f"bench-{number}" for number in itertools.count())

    def whole() -> dict[str, list[float]]:
        came: dict[str, list[float]] = {"start_ms": [], "stop_ms": []}
        for name in itertools.islice(names, count):
            came["start_ms"].append(_ask(peer, START, _start(name), b'"OK"').came_ns)
            came["stop_ms"].append(_ask(peer, STOP, name, b'"OK"').came_ns)
        return came

    contenders = {
        OURS: whole,
        ALONE: _echoed(peer, ECHO, count, "start_ms", "stop_ms"),
        WRITTEN: _echoed(peer, WRITING_ECHO, count, "start_ms", "stop_ms"),
    }
    case = "last byte of the meter to the answer, signing = gateway"
    measured = list(contest(SECTION, case, contenders, effort))
    ended_ns = parts.meter.finish().ended_ns
    for series in measured:
        is_ours = series.name == OURS
        yield since_last_byte(series, ended_ns) if is_ours else series


def _signed_by_the_meter(peer: Peer, effort: Effort) -> Iterator[Series]:
    """Measure the whole of it: most is the meter's own, one operation per slack."""
    names = (f"bench-{number}" for number in itertools.count())

    def whole() -> dict[str, list[float]]:
        took: dict[str, list[float]] = {"start_ms": [], "stop_ms": []}
        for name in itertools.islice(names, 3):
            took["start_ms"].append(_ask(peer, START, _start(name), b'"OK"').took_ms)
            took["stop_ms"].append(_ask(peer, STOP, name, b'"OK"').took_ms)
        return took

    alone = _echoed(peer, ECHO, 3, "start_ms", "stop_ms")
    case = "request to answer, signing = meter (EM580 at 115200 baud)"
    yield from contest(SECTION, case, {OURS: whole, ALONE: alone}, effort)


def since_last_byte(arrivals: Series, ended_ns: list[int]) -> Series:
    """Turn arrivals into the time since the meter's last byte before each."""
    return msgspec.structs.replace(
        arrivals,
        rounds=[
            [
                (came - ended_ns[bisect.bisect(ended_ns, came) - 1]) / NS_PER_MS
                for came in measured
            ]
            for measured in arrivals.rounds
        ],
    )


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One request: when its answer came, and how long that took."""

    came_ns: int
    took_ms: float


def _echoed(peer: Peer, topic: str, count: int, *metrics: str) -> Round:
    def measure() -> dict[str, list[float]]:
        asked = [_ask(peer, topic, _start("echo"), b"OK") for _ in range(count)]
        took_ms = [each.took_ms for each in asked]
        return dict.fromkeys(metrics, took_ms)

    return measure


def _ask(peer: Peer, topic: str, payload: object, expected: bytes) -> Answered:
    """Ask; RuntimeError if that is not what is answered."""
    request = {"headers": {"replyTo": REPLY}, "payload": payload}
    answered, answer = _exchange(
        peer, topic, REPLY, msgspec.json.encode(request), qos=2
    )
    if expected not in answer:
        raise RuntimeError(f"the answer was {answer[:200]!r}")
    return answered


def _hop(peer: Peer) -> float:
    answered, _ = _exchange(peer, HOP, HOP, b"x" * SIZE, qos=0)
    return answered.took_ms


def _start(name: str) -> dict[str, object]:
    return {
        "evse_id": "DE*E1",
        "transaction_id": name,
        "identification_status": "ASSIGNED",
        "identification_level": "TRUSTED",
        "identification_flags": ["RFID_PLAIN"],
        "identification_type": "ISO14443",
        "identification_data": "DEADBEEF",
        "tariff_text": "0,50 EUR",
    }


def _exchange(
    peer: Peer, topic: str, answer: str, payload: bytes, *, qos: int
) -> tuple[Answered, bytes]:
    """Publish, and wait for what comes on the answer's topic."""
    time.sleep(0.01)
    before = len(peer.came)

    def answers() -> list[tuple[int, bytes]]:
        came = peer.came[before:]
        return [(came_ns, message) for came_ns, to, message in came if to == answer]

    sent_ns = time.monotonic_ns()
    peer.publish(topic, payload, qos=qos)
    peer.until(lambda: bool(answers()))
    came_ns, message = answers()[0]
    took_ms = (came_ns - sent_ns) / NS_PER_MS
    return Answered(came_ns=came_ns, took_ms=took_ms), message

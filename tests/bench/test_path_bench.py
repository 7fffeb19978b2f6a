# SPDX-License-Identifier: Apache-2.0
"""What the way from the ring to a subscriber costs, and what a request's answer does."""

import json
import os
import select
import statistics
from pathlib import Path

import msgspec
import pytest

from ipc.clock import SystemClock
from ipc.sample import QUANTITIES
from ipc.shm import SegmentWriter
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S, NS_PER_US
from publisher import messages
from publisher.compose import powermeter
from publisher.window import alone
from tests.fakes import sample_of
from tests.publisher.line import Peer, needs_mosquitto, until
from tests.publisher.parts import BELOW, START, TOPICS, request
from tests.publisher.process import Process, config
from tests.system.broker import running_broker

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

ROUNDS = 400
METERS = 4
FULL = {quantity.value: 1234.5 for quantity in QUANTITIES if not quantity.is_energy} | {
    quantity.value: 123_456_789 for quantity in QUANTITIES if quantity.is_energy
}


@pytest.fixture
def clock():
    stop = Stop()
    yield SystemClock(stop)
    stop.close()


def told(what: str, took_ns: list[int]) -> None:
    p50 = statistics.median(took_ns) / NS_PER_MS
    p99 = statistics.quantiles(took_ns, n=100)[98] / NS_PER_MS
    print(f"{what}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, {len(took_ns)} times")


def configured(path: Path, port: int) -> Path:
    """Let every sample of four meters be published."""
    text = config(path, port=port).read_text()
    text = text.replace("[publish]\nwindow_s = 0.2", "[publish]\nevery_sample = true")
    more = "".join(
        f'[[bus.meter]]\nname = "m{at}"\nmodel = "m"\nunit_id = {at + 1}\n'
        f'module_id = "pm_{at + 1}"\n'
        for at in range(1, METERS)
    )
    path.write_text(text.replace("\n[ring]", f"\n{more}\n[ring]"))
    return path


def receive(peer: Peer, wanted: int) -> None:
    """Wait for messages without the pause that a poll would add."""
    while len(peer.came) < wanted:
        select.select([peer._client.socket()], [], [], 1.0)
        peer._client.loop_read()


@needs_mosquitto
def test_from_the_ring_to_a_subscriber_and_back_with_an_answer(tmp_path, clock):
    with (
        running_broker(tmp_path) as broker,
        SegmentWriter.open(
            tmp_path / "rs485.ring", capacity=4096, clock=clock
        ) as writer,
        Process("run", configured(tmp_path / "config.toml", broker.port)) as process,
    ):
        process.await_line("broker_connected")
        with Peer(broker, TOPICS.powermeter_values, f"{BELOW}reply/1") as peer:
            took = [one_value(writer, clock, peer) for _ in range(ROUNDS)]
            told("sample written to value received", took)
            took = [one_answer(clock, peer) for _ in range(ROUNDS)]
            told("request to answer, QoS 2 in, QoS 1 out", took)
            share = cpu_share(process.pid, writer, clock)
            print(f"publisher, {METERS} meters at 10 Hz: {share:.2%} of a core")


def written(writer: SegmentWriter, clock: SystemClock, meter: int = 0) -> int:
    now_ns = clock.monotonic_ns()
    sample = sample_of(meter=meter, wall_ns=clock.wall_ns(), mono_ns=now_ns, **FULL)
    writer.write(sample)
    writer.beat()
    return now_ns


def one_value(writer: SegmentWriter, clock: SystemClock, peer: Peer) -> int:
    clock.wait_until(clock.monotonic_ns() + 5 * NS_PER_MS)
    peer.came.clear()
    written_ns = written(writer, clock)
    receive(peer, 1)
    return clock.monotonic_ns() - written_ns


def one_answer(clock: SystemClock, peer: Peer) -> int:
    peer.came.clear()
    asked_ns = clock.monotonic_ns()
    payload = request(START, reply_to=f"{BELOW}reply/1")
    peer._client.publish(TOPICS.start_transaction, payload, qos=2)
    until(lambda: bool(peer.came), peer)
    return clock.monotonic_ns() - asked_ns


def cpu_share(pid: int, writer: SegmentWriter, clock: SystemClock) -> float:
    seconds = 10
    before = cpu_ticks(pid)
    start_ns = clock.monotonic_ns()
    for tick in range(10 * seconds):
        clock.wait_until(start_ns + tick * NS_PER_S // 10)
        for meter in range(METERS):
            written(writer, clock, meter)
    used_s = (cpu_ticks(pid) - before) / os.sysconf("SC_CLK_TCK")
    return used_s / seconds


def cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_a_full_message_is_encoded(clock):
    message = powermeter(alone(sample_of(**FULL)), meter_id="charger-1")
    assert message is not None
    document = msgspec.json.decode(messages.encode(message))
    ours_ns = min(timed(clock, messages.encode, message) for _ in range(20))
    theirs_ns = min(timed(clock, json.dumps, document) for _ in range(20))
    print(
        f"encode: {ours_ns / NS_PER_US:.1f} us, json {theirs_ns / NS_PER_US:.1f} us,"
        f" {theirs_ns / ours_ns:.1f} times faster"
    )


def timed(clock, encode, document) -> float:
    start_ns = clock.monotonic_ns()
    for _ in range(1000):
        encode(document)
    return (clock.monotonic_ns() - start_ns) / 1000

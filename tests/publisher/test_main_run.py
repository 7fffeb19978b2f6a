# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher as a process: from the ring to EVerest and back."""

import signal
from pathlib import Path

import msgspec
import pytest

from ipc.clock import SystemClock
from ipc.shm import SegmentWriter
from ipc.stop import Stop
from ipc.units import NS_PER_S
from tests.fakes import sample_of
from tests.publisher.line import Peer, needs_mosquitto, until
from tests.publisher.parts import BELOW, START, TOPICS, request
from tests.publisher.process import SIGNALS, Process, config, ends_in_order
from tests.system.broker import running_broker

pytestmark = [pytest.mark.system, pytest.mark.slow]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config.toml"


@pytest.fixture
def broker(tmp_path):
    with running_broker(tmp_path) as broker:
        yield broker


class Sampler:
    """Writes the ring of the bus, ten samples a second."""

    def __init__(self, directory: Path) -> None:
        self._stop = Stop()
        self._clock = SystemClock(self._stop)
        self._writer = SegmentWriter.open(
            directory / "rs485.ring", capacity=4096, clock=self._clock
        )
        self._next_ns = 0

    def step(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + NS_PER_S // 10
        wall_ns = self._clock.wall_ns()
        sample = sample_of(wall_ns=wall_ns, mono_ns=now_ns, energy_import_mwh=7000)
        self._writer.write(sample)
        self._writer.beat()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._writer.close()
        self._stop.close()


def protocol_line(broker) -> str:
    return f'protocol = "{broker.protocol.value}"'


@SIGNALS
def test_it_publishes_and_answers_until_a_signal_ends_it(
    number, broker, path, tmp_path
):
    settings = config(path, port=broker.port, mqtt=protocol_line(broker))
    with (
        Peer(broker, f"{BELOW}#") as peer,
        Sampler(tmp_path) as sampler,
        Process("run", settings) as process,
    ):
        wanted = {TOPICS.powermeter_values, TOPICS.communication_check}
        until(lambda: wanted <= {topic for topic, _ in peer.came}, peer, sampler)
        values = dict(peer.came)[TOPICS.powermeter_values]
        assert msgspec.json.decode(values)["energy_Wh_import"] == {"total": 7.0}
        peer.send(TOPICS.start_transaction, request(START, reply_to=f"{BELOW}reply/1"))
        reply_to = f"{BELOW}reply/1"
        until(lambda: reply_to in dict(peer.came), peer, sampler)
        assert b"NOT_SUPPORTED" in dict(peer.came)[reply_to]
        err = ends_in_order(process, number)
        for event in ("broker_connected", "health_good", "request_answered"):
            assert event in err
        assert "broker_lost" not in err
        assert {payload for topic, payload in peer.came if "check" in topic} == {
            b"true"
        }


@needs_mosquitto
def test_what_is_asked_while_it_is_killed_and_started_again_is_answered_once(
    broker, path, tmp_path
):
    settings = config(path, port=broker.port)
    reply_to = f"{BELOW}reply/1"
    with (
        Peer(broker, f"{BELOW}#") as peer,
        Sampler(tmp_path) as sampler,
    ):
        with Process("run", settings) as process:
            until(lambda: bool(peer.came), peer, sampler)  # so it has subscribed too
            process.signal(signal.SIGKILL)
            process.end()
        peer.send(TOPICS.stop_transaction, request("", reply_to=reply_to))
        peer.came.clear()
        with Process("run", settings):
            until(lambda: reply_to in dict(peer.came), peer, sampler)
            checks = TOPICS.communication_check
            until(lambda: checks in dict(peer.came), peer, sampler)
    replies = [payload for topic, payload in peer.came if topic == reply_to]
    assert replies == [b'{"status":"OK"}']


def test_what_a_dead_sampler_left_in_its_ring_is_not_sent(broker, path, tmp_path):
    with Sampler(tmp_path) as sampler:
        sampler.step()
    with Peer(broker, f"{BELOW}#") as peer:
        settings = config(path, port=broker.port, mqtt=protocol_line(broker))
        with Process("run", settings) as process:
            assert "sampler is not running" in process.await_line("health_awaited")
            process.await_line("broker_connected")
            while not peer.came:  # an answer proves that a value would have come too
                peer.send(TOPICS.stop_transaction, request("", reply_to=f"{BELOW}r"))
                peer.step()
            ends_in_order(process, signal.SIGTERM)
        assert {topic for topic, _ in peer.came} == {f"{BELOW}r"}

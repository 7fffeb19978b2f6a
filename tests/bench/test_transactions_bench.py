# SPDX-License-Identifier: Apache-2.0
"""What a signed start and stop take beyond the meter's own answer.

The publisher, the broker and the disk are real; the sampler is this process, so the
moment of the meter's answer is known.
"""

import select
import statistics

import pytest

from ipc.clock import SystemClock
from ipc.shm import SegmentWriter
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from publisher import keys
from publisher.ecdsa import SigningKey
from publisher.journal import Journal
from publisher.record import Curve
from tests.bench.test_journal_bench import fill
from tests.fakes import sample_of
from tests.publisher.line import Peer, needs_mosquitto
from tests.publisher.parts import BELOW, START, TOPICS, request
from tests.publisher.process import Process, config
from tests.publisher.stories import KEY, PUBLIC_KEY
from tests.system.broker import running_broker

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

ROUNDS = 200
REPLY = f"{BELOW}reply/1"
SIGNED = """signing = "gateway"
serial = "S1"
[signing]
key_file = "{directory}/signing.pem"
[journal]
path = "{directory}/journal.db"
"""


class Meter:
    """Writes the ring when it is told to."""

    def __init__(self, writer, clock):
        self._writer = writer
        self._clock = clock
        self._energy_mwh = 0

    def answer(self) -> int:
        """Write a sample of now; give when that was."""
        now_ns = self._clock.monotonic_ns()
        self._energy_mwh += 1000
        energy = {"energy_import_mwh": self._energy_mwh}
        wall_ns = self._clock.wall_ns()
        self._writer.write(sample_of(wall_ns=wall_ns, mono_ns=now_ns, **energy))
        self._writer.beat()
        return now_ns


def reply_after(peer, meter, clock, topic, payload) -> int:
    """Ask, let the meter answer, and give how long after that the reply came.

    The request is taken up meanwhile; if it was not yet, the next answer is its.
    """
    peer.came.clear()
    peer._client.publish(topic, request(payload, reply_to=REPLY), qos=2)
    listen(peer, clock, 20 * NS_PER_MS)
    answered_ns = meter.answer()
    while not listen(peer, clock, 500 * NS_PER_MS):
        answered_ns = meter.answer()
    assert b'"OK"' in peer.came[0][1], peer.came
    return clock.monotonic_ns() - answered_ns


def listen(peer, clock, for_ns) -> bool:
    """Wait for a reply, but no longer than so."""
    until_ns = clock.monotonic_ns() + for_ns
    while not peer.came and (left_ns := until_ns - clock.monotonic_ns()) > 0:
        select.select([peer._client.socket()], [], [], left_ns / NS_PER_S)
        peer._client.loop_read()
        peer._client.loop_write()
    return bool(peer.came)


def told(what, took_ns):
    p50 = statistics.median(took_ns) / NS_PER_MS
    p99 = statistics.quantiles(took_ns, n=100)[98] / NS_PER_MS
    print(f"{what}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, {len(took_ns)} times")
    return p99


@needs_mosquitto
@pytest.mark.parametrize("kept", [0, 10_000])
def test_from_the_meters_answer_to_the_reply(tmp_path, kept):
    keys.create(tmp_path / "signing.pem", key := SigningKey.generate(Curve.SECP256R1))
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.add_key(KEY, public_key=PUBLIC_KEY)
        journal.add_key(key.public.fingerprint, public_key=key.public.hex)
        journal._connection.execute("PRAGMA synchronous = OFF")
        fill(journal, kept)
    path = tmp_path / "config.toml"
    stop = Stop()
    clock = SystemClock(stop)
    with running_broker(tmp_path) as broker:
        text = config(path, port=broker.port).read_text()
        table = f'module_id = "pm_1"\n{SIGNED.format(directory=tmp_path)}'
        path.write_text(text.replace('module_id = "pm_1"\n', table))
        with (
            SegmentWriter.open(
                tmp_path / "rs485.ring", capacity=4096, clock=clock
            ) as writer,
            Process("run", path) as process,
        ):
            process.await_line("broker_connected")
            meter = Meter(writer, clock)
            with Peer(broker, REPLY) as peer:
                stops = measure(peer, meter, clock, kept)
    stop.close()
    assert stops <= 500


def measure(peer, meter, clock, kept):
    starts, stops = [], []
    for number in range(ROUNDS):
        content = {**START, "identification_data": "1F2D3A4F"}
        payload = {**content, "transaction_id": f"t-{number}"}
        to_start, to_stop = TOPICS.start_transaction, TOPICS.stop_transaction
        starts.append(reply_after(peer, meter, clock, to_start, payload))
        stops.append(reply_after(peer, meter, clock, to_stop, f"t-{number}"))
    told(f"start, {kept} kept: the meter's answer to the reply", starts)
    return told(f"stop, {kept} kept: the meter's answer to the reply", stops)

# SPDX-License-Identifier: Apache-2.0
"""The line to a broker that is bad, hangs, or is not there at all."""

import os
import signal
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.broker import HOST, Kind
from ipc.config import MqttProtocol
from ipc.units import NS_PER_S
from publisher import connection
from tests.fakes import FakeClock
from tests.publisher.line import (
    Line,
    black_hole,
    listening,
    until,
)
from tests.system.broker import running_broker

pytestmark = pytest.mark.system

VALUES = "a/m2e/powermeter_values"


CONNACK_5 = b"\x20\x03\x00\x00\x00"


CONNACK_311 = b"\x20\x02\x00\x00"


@pytest.fixture
def broker(tmp_path):
    with running_broker(tmp_path) as broker:
        yield broker


@pytest.mark.slow
def test_a_broker_that_does_not_speak_our_mqtt_is_told_apart_by_the_remedy(tmp_path):
    with (
        running_broker(tmp_path, Kind.AMQTT) as broker,
        Line(broker, protocol=MqttProtocol.V5, keepalive_s=2) as line,
    ):
        until(lambda: bool(line.told("broker_unreachable")), line)
        assert "mqtt.protocol" in line.told("broker_unreachable")[0]["remedy"]
        assert not line.mqtt.connected


@pytest.mark.slow
def test_a_broker_that_hangs_is_left_within_two_keepalives(broker):
    with Line(broker, keepalive_s=2) as line:
        line.connect()
        os.kill(broker.part.pid, signal.SIGSTOP)
        try:
            until(lambda: bool(line.told("broker_lost")), line, within_s=2 * 2 + 2)
        finally:
            os.kill(broker.part.pid, signal.SIGCONT)
        line.connect()


@pytest.mark.slow
def test_a_broker_that_never_says_yes_is_left_and_tried_again():
    with listening() as listener:
        port = listener.getsockname()[1]
        with Line(port, keepalive_s=2) as line:
            until(lambda: bool(line.told("broker_unreachable")), line)
            assert "Keep alive" in line.told("broker_unreachable")[0]["detail"]
            until(lambda: line.open, line)
            assert not line.mqtt.connected


def test_a_broker_that_does_not_even_refuse_is_waited_for_no_longer_than_the_bound(
    monkeypatch,
):
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 0.1)
    with black_hole() as port, Line(port) as line:
        line.mqtt.service(0)
        [told] = line.told("broker_unreachable")
        assert told["detail"] == "cannot be reached: timed out"
        assert line.mqtt._client.connect_timeout == 0.1
        assert line.mqtt.due_ns > line.clock.monotonic_ns()


def test_a_name_that_can_be_none_is_weather():
    with Line(1, host="x" * 64 + ".invalid") as line:
        line.mqtt.service(0)
        assert "cannot be reached" in line.told("broker_unreachable")[0]["detail"]


def test_a_stop_ends_the_attempt_to_connect():
    with black_hole() as port, Line(port) as line:
        line.stop.request()
        line.mqtt.service(0)
        assert line.log.lines == []


class Once:
    """A line that makes no further attempt to connect."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def step(self) -> None:
        line = self._line
        line.mqtt._next_try_ns = line.clock.monotonic_ns() + NS_PER_S
        line.step()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def pass_time(line: Line, seconds: float) -> int:
    """Serve it whenever it wants to be served; give how often that was."""
    end_ns = line.clock.mono_ns + round(seconds * NS_PER_S)
    calls = 0
    while line.clock.mono_ns < end_ns:
        line.clock.mono_ns = max(line.clock.mono_ns, line.mqtt.due_ns)
        line.mqtt.service(0)
        calls += 1
    return calls


def test_a_broker_that_is_away_is_tried_ever_more_rarely_and_told_once_a_minute():
    with Line(closed_port(), clock=FakeClock()) as line:
        calls = pass_time(line, 600)
        assert 600 / 30 <= calls <= 600 / 15 + 10
        assert 8 <= len(line.told("broker_unreachable")) <= 10


def test_two_of_one_client_id_evict_each_other_ever_more_rarely():
    with (
        listening() as listener,
        Line(listener.getsockname()[1], clock=FakeClock(mono_ns=1)) as line,
    ):
        while line.clock.mono_ns < 600 * NS_PER_S:
            line.clock.mono_ns = max(line.clock.mono_ns, line.mqtt.due_ns)
            line.mqtt.service(0)
            taken, _ = listener.accept()
            with taken:
                taken.sendall(CONNACK_5)
                until(lambda: line.mqtt.connected, line)
            until(lambda: not line.mqtt.connected, line)
        assert 600 / 30 <= line.mqtt.connections <= 600 / 15 + 10


def test_after_a_lasting_connection_the_first_attempt_is_made_at_once():
    with listening() as listener:
        port = listener.getsockname()[1]
        with Line(port, clock=FakeClock(mono_ns=1), keepalive_s=600) as line:
            for _ in range(8):
                line.mqtt._backoff.next_s()
            line.mqtt.service(0)
            taken, _ = listener.accept()
            with taken:
                taken.sendall(CONNACK_5)
                until(lambda: line.mqtt.connected, Once(line))
                line.clock.advance(60)
            until(lambda: line.told("broker_lost") != [], Once(line))
            assert line.mqtt._backoff.next_s() <= 0.5


@pytest.mark.slow
@pytest.mark.parametrize("connected", [True, False])
def test_a_second_of_silence_is_slept_through(broker, connected):
    with Line(broker if connected else closed_port()) as line:
        if connected:
            line.connect()
            line.steps = 0
        end_ns = line.clock.monotonic_ns() + NS_PER_S
        while line.clock.monotonic_ns() < end_ns:
            line.step(longest_s=1.0)
        assert line.steps <= 6


PACKETS = st.builds(
    lambda kind, flags, body, length: (
        bytes([kind << 4 | flags, len(body) if length is None else length]) + body
    ),
    kind=st.integers(0, 15),
    flags=st.integers(0, 15),
    body=st.binary(max_size=40)
    | st.binary(max_size=12).map(b"\x00\x0aa/e2m/stop".__add__),
    length=st.none() | st.integers(0, 255),
)


TALK = st.one_of(
    st.binary(max_size=60),
    st.tuples(
        st.sampled_from((b"", CONNACK_5, CONNACK_311)),
        st.lists(PACKETS, max_size=5).map(b"".join),
    ).map(b"".join),
)


@given(talk=TALK, protocol=st.sampled_from(MqttProtocol))
def test_whoever_answers_there_does_not_bring_us_down(talk, protocol):
    with (
        listening() as listener,
        Line(listener.getsockname()[1], protocol=protocol) as line,
    ):
        line.mqtt.service(0)
        taken, _ = listener.accept()
        with taken:
            taken.sendall(talk)
            taken.shutdown(socket.SHUT_WR)
            until(lambda: not line.open, Once(line))
        assert not line.mqtt.connected
        assert line.steps <= len(talk) + 10


@pytest.mark.parametrize(
    "talk",
    [
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x03\x00\x02\x02\x28",
        CONNACK_5 + b"\x30\x0f\x00\x02\xff\xfe\x00" + b"x" * 10,
        CONNACK_5 + b"\x30\xff\xff\xff\xff\x7f",
    ],
    ids=["http", "ssh", "tls alert", "a topic that is no UTF-8", "an endless length"],
)
def test_who_is_no_broker_is_told_and_left(talk):
    with listening() as listener, Line(listener.getsockname()[1]) as line:
        line.mqtt.service(0)
        taken, _ = listener.accept()
        with taken:
            taken.sendall(talk)
            taken.shutdown(socket.SHUT_WR)
            until(
                lambda: bool(
                    line.told("broker_unreachable") + line.told("broker_lost")
                ),
                line,
            )
        assert line.came == []


def test_a_subscription_that_is_refused_is_told_by_its_topic():
    with listening() as listener:
        port = listener.getsockname()[1]
        with Line(port, subscriptions=("a/e2m/start", "a/e2m/stop")) as line:
            line.mqtt.service(0)
            taken, _ = listener.accept()
            with taken:
                taken.sendall(CONNACK_5)
                until(lambda: line.mqtt.connected, line)
                taken.sendall(b"\x90\x05\x00\x01\x00\x02\x87")
                until(lambda: bool(line.told("subscribe_refused")), line)
                assert line.mqtt.deaf == "the broker keeps a/e2m/stop from us"
        [told] = line.told("subscribe_refused")
        assert told == {"topic": "a/e2m/stop", "detail": "Not authorized"}


def test_closing_while_nobody_answered_yet_tells_nothing():
    with listening() as listener, Line(listener.getsockname()[1]) as line:
        line.mqtt.service(0)
        line.stop.request()
        line.mqtt.close()
        assert line.log.lines == []


def test_closing_does_not_wait_for_one_who_does_not_read():
    with listening() as listener:
        line = Line(listener.getsockname()[1])
        line.mqtt.service(0)
        taken, _ = listener.accept()
        with taken:
            taken.sendall(CONNACK_5)
            until(lambda: line.mqtt.connected, line)
            line.mqtt.publish(VALUES, b"x" * 20_000_000)
            line.step()
            connection = line.mqtt._client.socket()
            line.close()
            assert connection.fileno() == -1


def test_closing_what_never_was_connected_is_nothing():
    line = Line(closed_port())
    line.close()
    assert line.log.lines == []

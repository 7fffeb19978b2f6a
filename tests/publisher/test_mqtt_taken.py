# SPDX-License-Identifier: Apache-2.0
"""What a real broker has taken, what it remembers, and what it keeps."""

import socket

import pytest

from deploy.demo.broker import Kind, found
from ipc.config import MqttProtocol
from tests.publisher.line import Line, Peer, needs_mosquitto, until
from tests.system.broker import running_broker

pytestmark = pytest.mark.system

REPLIES = "a/m2e/reply"

PROTOCOLS = [MqttProtocol.V311] + [MqttProtocol.V5] * (found() is Kind.MOSQUITTO)


@pytest.fixture
def broker(tmp_path):
    with running_broker(tmp_path) as broker:
        yield broker


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_somebody_took_is_told_once_and_only_then(broker, protocol):
    taken = []
    with Line(broker, protocol=protocol) as line, Peer(broker, REPLIES) as peer:
        line.connect()
        line.mqtt.publish(REPLIES, b"1", qos=1, on_taken=lambda: taken.append(1))
        assert taken == []
        until(lambda: bool(taken), line, peer)
        line.mqtt.publish(REPLIES, b"2", qos=1)
        until(lambda: line.acknowledged, line, peer)
        assert taken == [1]
        assert line.mqtt.status().waiting == 0


@needs_mosquitto
def test_what_the_broker_has_nobody_for_is_not_taken(broker):
    taken = []
    with Line(broker) as line:
        line.connect()
        line.mqtt.publish(REPLIES, b"1", qos=1, on_taken=lambda: taken.append(1))
        until(lambda: line.acknowledged, line)
        line.step()
        assert taken == []
        assert line.mqtt.status().waiting == 0


@pytest.mark.slow
def test_what_waited_for_the_broker_is_told_when_it_is_taken_at_last(broker):
    taken = []
    with Line(broker) as line:
        line.connect()
        broker.stop()
        until(lambda: not line.mqtt.connected, line)
        line.mqtt.publish(REPLIES, b"1", qos=1, on_taken=lambda: taken.append(1))
        broker.start()
        with Peer(broker, REPLIES) as peer:
            until(lambda: bool(taken), line, peer)
        assert line.mqtt.sessions == 2


@needs_mosquitto
def test_a_broker_that_remembers_us_begins_no_new_session(broker):
    with Line(broker) as line:
        line.connect()
        assert line.mqtt.sessions == 1
        line.mqtt._client.socket().shutdown(socket.SHUT_RDWR)
        until(lambda: line.mqtt.connections == 2, line)
        assert line.mqtt.sessions == 1


def test_a_retained_message_is_there_for_whoever_comes_later(broker):
    with Line(broker) as line:
        line.connect()
        line.mqtt.publish(REPLIES, b"key", qos=1, retain=True)
        until(lambda: line.acknowledged, line)
        with Peer(broker, REPLIES) as peer:
            until(lambda: peer.came == [(REPLIES, b"key")], peer)

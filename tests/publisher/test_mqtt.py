# SPDX-License-Identifier: Apache-2.0
"""The line to a real broker."""

import gc
import socket
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deploy.demo.broker import Kind, found
from ipc.config import MqttProtocol
from publisher.mqtt import LONGEST_QUEUE
from publisher.topics import DEEPEST_TOPIC, LONGEST_TOPIC
from tests.publisher.line import (
    Line,
    Peer,
    mosquitto,
    needs_mosquitto,
    password_line,
    until,
)
from tests.publisher.parts import BELOW, TOPICS
from tests.system.broker import running_broker

pytestmark = pytest.mark.system

REQUESTS = "a/e2m/stop"


REPLIES = "a/m2e/reply"


VALUES = "a/m2e/powermeter_values"


PROTOCOLS = [MqttProtocol.V311] + [MqttProtocol.V5] * (found() is Kind.MOSQUITTO)


@pytest.fixture
def broker(tmp_path):
    with running_broker(tmp_path) as broker:
        yield broker


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_request_is_handed_over_once_and_its_answer_arrives(broker, protocol):
    threads = threading.active_count()
    with Line(broker, protocol=protocol) as line:
        line.answer_to = REPLIES
        line.connect()
        with Peer(broker, REPLIES) as peer:
            for number in (b"1", b"2"):
                peer.send(REQUESTS, number)
                until(lambda: bool(peer.came), line, peer)
                assert peer.came == [(REPLIES, b"answer to " + number)]
                peer.came.clear()
        assert line.came == [(REQUESTS, b"1"), (REQUESTS, b"2")]
        assert line.told("broker_connected") == [{"protocol": protocol.value}]
        assert threading.active_count() == threads


def test_the_embedded_broker_will_do_too(tmp_path):
    with (
        running_broker(tmp_path, Kind.AMQTT) as broker,
        Line(broker) as line,
    ):
        line.answer_to = REPLIES
        line.connect()
        with Peer(broker, REPLIES) as peer:
            peer.send(REQUESTS, b"1")
            until(lambda: bool(peer.came), line, peer)


def test_a_retained_request_is_none(broker):
    with Peer(broker) as peer, Line(broker) as line:
        peer.send(REQUESTS, b"old", retain=True)
        until(lambda: bool(line.told("request_ignored")), line)
        peer.send(REQUESTS, b"new")
        until(lambda: bool(line.came), line)
        assert line.came == [(REQUESTS, b"new")]


@pytest.mark.slow
def test_after_a_restart_of_the_broker_requests_are_answered_again(broker):
    with Line(broker) as line:
        line.answer_to = REPLIES
        line.connect()
        broker.stop()
        until(lambda: not line.mqtt.connected, line)
        assert len(line.told("broker_lost")) == 1
        broker.start()
        line.connect()
        assert line.mqtt.connections == 2
        with Peer(broker, REPLIES) as peer:
            peer.send(REQUESTS, b"1")
            until(lambda: bool(peer.came), line, peer)
            assert peer.came == [(REPLIES, b"answer to 1")]


@pytest.mark.slow
def test_each_outage_is_told_however_soon_it_follows_the_last(broker):
    with Line(broker) as line:
        for outages in (1, 2):
            line.connect()
            broker.stop()
            until(lambda: len(line.told("broker_unreachable")) == outages, line)  # noqa: B023 - used at once
            broker.start()
            line.connect()


def test_an_exchange_does_not_wait_for_a_delayed_acknowledgement(broker):
    with Line(broker) as line:
        line.connect()
        connection = line.mqtt._client.socket()
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.slow
def test_while_the_broker_is_away_replies_are_kept_up_to_a_bound_and_values_are_not(
    broker,
):
    with Line(broker) as line:
        line.connect()
        broker.stop()
        until(lambda: not line.mqtt.connected, line)
        assert not line.mqtt.publish(VALUES, b"late")
        kept = [
            line.mqtt.publish(REPLIES, b"%d" % number, qos=1)
            for number in range(LONGEST_QUEUE + 20)
        ]
        assert kept == [True] * LONGEST_QUEUE + [False] * 20
        status = line.mqtt.status()
        assert (status.connected, status.waiting) == (False, LONGEST_QUEUE)
        broker.start()
        with Peer(broker, "a/#") as peer:
            until(lambda: len(peer.came) >= LONGEST_QUEUE, line, peer)
            expected = [(REPLIES, b"%d" % number) for number in range(LONGEST_QUEUE)]
            assert peer.came == expected
            until(lambda: line.mqtt.status().waiting == 0, line)
        assert line.mqtt.status().connections == 2


@needs_mosquitto
@pytest.mark.parametrize("at_ease", [True, False], ids=["in order", "cut off"])
def test_a_request_that_came_while_we_restarted_is_delivered_afterwards(
    broker, at_ease
):
    with Line(broker) as line:
        line.connect()
        if not at_ease:
            line.mqtt._client.socket().shutdown(socket.SHUT_RDWR)
    with Peer(broker) as peer:
        for number in range(30):  # more than a broker sends at once
            peer.send(REQUESTS, b"meanwhile %d" % number)
        with Line(broker) as line:
            until(lambda: len(line.came) == 30, line)
            assert line.came[0] == (REQUESTS, b"meanwhile 0")
            peer.send(REQUESTS, b"now")
            until(lambda: len(line.came) == 31, line)
            assert line.waited == [True] * 30 + [False]


@needs_mosquitto
@pytest.mark.parametrize(
    "settings",
    [{"session_expiry_s": 0}, {"protocol": MqttProtocol.V311}],
    ids=["no session", "3.1.1"],
)
def test_without_a_session_what_came_meanwhile_is_gone(broker, settings):
    with Line(broker, **settings) as line:
        line.connect()
    with Peer(broker) as peer:
        peer.send(REQUESTS, b"meanwhile")
        with Line(broker, **settings) as line:
            line.connect()
            peer.send(REQUESTS, b"now")
            until(lambda: bool(line.came), line)
            assert line.came == [(REQUESTS, b"now")]


@needs_mosquitto
@pytest.mark.parametrize("protocol", MqttProtocol)
def test_the_right_password_is_let_in_and_a_wrong_one_is_named_in_one_line(
    tmp_path, protocol
):
    file = tmp_path / "passwords"
    file.write_text(password_line("charger", "hunter2"))
    lines = ("allow_anonymous false", f"password_file {file}")
    with mosquitto(tmp_path, *lines) as broker:
        who = {"username": "charger", "protocol": protocol}
        with Line(broker, password="hunter2", **who) as line:  # noqa: S106 - a test's
            line.connect()
        with Line(broker, password="hunter3", **who) as line:  # noqa: S106 - a test's
            until(lambda: bool(line.log.lines) and not line.open, line)
            [told] = line.told("broker_unreachable")
            assert told["detail"] == "refuses us: Not authorized"
            assert "mqtt.password_file" in told["remedy"]
            assert "hunter" not in str(line.log.lines)


@needs_mosquitto
def test_access_rules_that_refuse_a_publish_are_told_once_and_do_no_harm(tmp_path):
    rules = tmp_path / "acl"
    rules.write_text("topic read a/e2m/#\ntopic write a/m2e/reply/#\n")
    lines = ("allow_anonymous true", f"acl_file {rules}")
    with mosquitto(tmp_path, *lines) as broker, Line(broker) as line:
        line.connect()
        assert line.mqtt.publish("a/m2e/communication_check", b"true", qos=1)
        assert line.mqtt.publish("a/m2e/communication_check", b"true", qos=1)
        until(lambda: line.acknowledged, line)
        [refused] = line.told("publish_refused")
        assert refused["detail"] == "Not authorized"
        assert "access rules" in refused["remedy"]
        assert line.mqtt.publish("a/m2e/reply/1", b"x", qos=1)
        until(lambda: line.acknowledged, line)
        assert len(line.told("publish_refused")) == 1
        assert line.mqtt.connected
        assert line.mqtt.status().refused == 2


@pytest.fixture(scope="module")
def lasting_line(tmp_path_factory):
    with (
        running_broker(tmp_path_factory.mktemp("broker")) as broker,
        Line(broker) as line,
    ):
        line.connect()
        yield line


@given(st.text(min_size=1).map(BELOW.__add__).filter(TOPICS.may_reply_to))
@example(BELOW + "/" * (DEEPEST_TOPIC - 6))
@example(BELOW + "x" * (LONGEST_TOPIC - len(BELOW)))
@needs_mosquitto
def test_wherever_an_answer_may_go_the_broker_keeps_the_connection(lasting_line, topic):
    assert TOPICS.may_reply_to(topic)
    assert lasting_line.mqtt.publish(topic, b"{}", qos=1)
    until(lambda: lasting_line.acknowledged, lasting_line)
    assert lasting_line.mqtt.connections == 1


@pytest.mark.slow
def test_ten_megabytes_are_handed_over_as_they_are(broker):
    with Line(broker) as line, Peer(broker) as peer:
        line.connect()
        peer.send(REQUESTS, b"x" * 10_000_000)
        until(lambda: bool(line.came), line)
        assert line.came == [(REQUESTS, b"x" * 10_000_000)]


def test_closing_says_good_bye_and_leaves_no_socket(broker):
    line = Line(broker)
    line.connect()
    line.mqtt.publish(REPLIES, b"last words", qos=1)
    with Peer(broker, REPLIES) as peer:
        line.mqtt.publish(REPLIES, b"very last words", qos=1)
        line.stop.request()
        line.close()
        until(lambda: bool(peer.came), peer)
    assert line.mqtt._client.socket() is None
    assert line.told("broker_lost") == []
    del line
    gc.collect()  # a socket left open would be a ResourceWarning, and that an error

# SPDX-License-Identifier: Apache-2.0
"""The stand-in for EVerest's module on a real broker, of either kind."""

import contextlib

import msgspec
import pytest

from deploy.demo.broker import Kind, found
from deploy.demo.everest import Settings
from deploy.demo.exchange import Command
from deploy.demo.stand_in import BrokerLostError, StandIn
from ipc.clock import SystemClock
from ipc.config import MqttProtocol
from ipc.stop import Stop
from tests.system.broker import running_broker

pytestmark = [pytest.mark.system, pytest.mark.slow]

KINDS = [
    pytest.param(
        Kind.MOSQUITTO,
        marks=pytest.mark.skipif(
            found() is not Kind.MOSQUITTO, reason="no mosquitto on this machine"
        ),
    ),
    Kind.AMQTT,
]


@pytest.fixture
def stop():
    stop = Stop()
    yield stop
    stop.close()


@pytest.fixture(params=KINDS)
def broker(request, tmp_path):
    with running_broker(tmp_path, request.param) as broker:
        yield broker


def connected(broker, stop, **settings):
    module = StandIn(Settings(**settings), clock=SystemClock(stop), stop=stop)
    return module.connect(broker.host, broker.port, broker.protocol)


@contextlib.contextmanager
def client(broker, answers):
    """Connect a device side that gives each request the answers' payloads."""
    from paho.mqtt.client import Client  # noqa: PLC0415 - only this test needs it
    from paho.mqtt.enums import (  # noqa: PLC0415 - only this test needs it
        CallbackAPIVersion,
        MQTTProtocolVersion,
    )

    modern = broker.protocol is MqttProtocol.V5
    version = MQTTProtocolVersion.MQTTv5 if modern else MQTTProtocolVersion.MQTTv311
    device = Client(CallbackAPIVersion.VERSION2, protocol=version)
    device.requests = []

    def answer(device, _data, message):
        request = msgspec.json.decode(message.payload)
        device.requests.append((message.topic.rpartition("/")[2], request["payload"]))
        for payload in answers:
            device.publish(request["headers"]["replyTo"], payload, qos=1)

    device.on_message = answer
    device.connect(broker.host, broker.port)
    for command in Command:
        device.subscribe(f"{Settings().base}/e2m/{command}", qos=1)
    try:
        yield device
    finally:
        device.disconnect()


def test_a_request_is_answered_and_the_first_valid_reply_wins(broker, stop):
    answers = ['{"status":null}', '{"status":"NOT_SUPPORTED"}', '{"status":"OK"}']
    with connected(broker, stop) as module, client(broker, answers) as device:
        call = module.stop_transaction("t 1")

        def replied():
            device.loop(0.01)
            return call.done

        assert module.run_until(replied, timeout_s=10)
    assert call.reply == {"status": "NOT_SUPPORTED"}
    assert device.requests == [("stop_transaction", "t 1")]
    assert [rejection.payload for rejection in module.everest.rejections] == [
        b'{"status":null}'
    ]


def test_its_requests_time_out_where_nobody_answers(broker, stop):
    with connected(broker, stop, reply_timeout_s=0.1) as module:
        call = module.stop_transaction("")
        assert module.run_until(lambda: call.done, timeout_s=10)
    assert call.timed_out
    assert call.reply is None


def test_it_ends_with_its_broker(broker, stop):
    with connected(broker, stop) as module:
        broker.stop()
        with pytest.raises(BrokerLostError):
            module.run_for(10)


def test_a_broker_comes_back_on_the_port_it_had(broker, stop):
    port = broker.port
    broker.stop()
    broker.start()
    assert broker.port == port
    connected(broker, stop).close()


def test_no_broker_is_said_so(broker, stop):
    broker.stop()
    with pytest.raises(BrokerLostError, match=str(broker.port)):
        connected(broker, stop)

# SPDX-License-Identifier: Apache-2.0
"""A broker for the demo and the tests: on a free port, or a clear refusal."""

import socket

import pytest

from deploy.demo.broker import Broker, BrokerError, Kind, found
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


@pytest.mark.parametrize("kind", KINDS)
def test_two_brokers_do_not_get_in_each_others_way(tmp_path, kind):
    with running_broker(tmp_path, kind) as one, running_broker(tmp_path, kind) as two:
        assert one.port != two.port
        assert one.part.alive
        assert two.part.alive
    assert not one.part.alive
    assert not two.part.alive


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_stays_taken_is_said_in_the_brokers_own_words(tmp_path, kind):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        broker = Broker(tmp_path, kind)
        broker.port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=r"(?i)address already in use"):
            broker.start()


def test_stopping_a_broker_that_never_started_is_nothing(tmp_path):
    Broker(tmp_path, found()).stop()

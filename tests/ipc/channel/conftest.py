# SPDX-License-Identifier: Apache-2.0
"""Both ends of a channel, and callers who do not know it."""

import socket

import pytest

from ipc.channel import ChannelClient, ChannelServer
from tests.fakes import FakeClock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bus.sock"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def server(path):
    server = ChannelServer(path)
    yield server
    server.close()


@pytest.fixture
def client(path, clock):
    client = ChannelClient(path, clock)
    yield client
    client.close()


@pytest.fixture
def raw(path):
    """Give a function that connects without knowing the protocol."""
    made = []

    def connect():
        made.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        made[-1].settimeout(1)
        made[-1].connect(str(path))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()

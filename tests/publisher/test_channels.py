# SPDX-License-Identifier: Apache-2.0
"""The channels among the loop's other descriptors, through comings and goings."""

import contextlib
import selectors

import pytest

from ipc.channel import ChannelClient, ChannelServer
from ipc.commands import Answer, Done, Failed, GetIdentity
from publisher.channels import Channels
from tests.fakes import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def selector():
    with selectors.DefaultSelector() as selector:
        yield selector


@pytest.fixture
def client(tmp_path, clock):
    with contextlib.closing(ChannelClient(tmp_path / "bus.sock", clock)) as client:
        yield client


@pytest.fixture
def channels(client, selector):
    return Channels([client], selector=selector)


def serve(tmp_path):
    return contextlib.closing(ChannelServer(tmp_path / "bus.sock"))


def answer_all(server):
    for _ in range(2):  # the first time it takes the connection
        for caller, call in server.take():
            server.answer(caller, Answer(number=call.number, outcome=Done()))


def woken(channels, selector):
    channels.watch()
    return bool(selector.select(0))


def test_no_channel_costs_nothing(selector):
    channels = Channels([], selector=selector)
    channels.watch()
    assert channels.due_ns is None
    assert channels.service() == []
    assert not selector.get_map()


def test_an_answer_wakes_the_loop(tmp_path, channels, client, selector):
    with serve(tmp_path) as server:
        number = client.call("m", GetIdentity(), 5)
        assert not woken(channels, selector)
        answer_all(server)
        assert woken(channels, selector)
        [(whose, [answer])] = channels.service()
        assert whose is client
        assert answer == Answer(number=number, outcome=Done())
        assert not woken(channels, selector)


def test_a_sampler_that_comes_back_is_heard_on_the_same_descriptor(
    tmp_path, channels, client, selector
):
    descriptors = set()
    for _ in range(3):
        with serve(tmp_path) as server:
            client.call("m", GetIdentity(), 5)
            channels.watch()
            descriptors.add(client.fileno())
            answer_all(server)
            assert woken(channels, selector)
            assert len(channels.service()) == 1
        client.service()  # it has gone
    assert len(descriptors) == 1, "the kernel gave it another number: nothing is shown"


def test_what_nobody_takes_is_due_at_once(channels, client, clock):
    client.call("m", GetIdentity(), 5)
    assert channels.due_ns == clock.monotonic_ns()
    [(_, [answer])] = channels.service()
    assert isinstance(answer.outcome, Failed)
    assert channels.due_ns is None

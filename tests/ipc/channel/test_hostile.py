# SPDX-License-Identifier: Apache-2.0
"""The channel and those who speak something else, too much, or do not listen."""

import contextlib
import os
import resource
import socket
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipc.channel import MOST_CALLERS
from ipc.commands import (
    LONGEST_PACKET,
    Answer,
    Call,
    FailureKind,
    GetIdentity,
    RecordTold,
)
from tests.ipc.channel.looks import TIMEOUT_S, accept, failure, is_readable


@pytest.mark.parametrize(
    "message",
    [
        b'{"number": 7}',
        b'{"number": 7, "meter": "\xff"}',
        b'{"number": 7, "meter": 1, "command": {}, "timeout_s": 1}',
        b'{"number": 7, "meter": "a", "command": {"type": "Begin"}, "timeout_s": 1}',
        b'{"number":7,"meter":"a","command":{"type":"GetIdentity"},"timeout_s":0}',
        b'{"number":7,"meter":"a","command":{"type":"GetIdentity"},"timeout_s":1,"x":0}',
    ],
)
def test_what_is_no_call_but_has_a_number_is_answered_as_unfit(server, raw, message):
    caller = raw()
    caller.send(message)
    accept(server)
    assert server.take() == []
    answer = msgspec.json.decode(caller.recv(LONGEST_PACKET), type=Answer)
    assert answer.number == 7
    assert failure(answer) is FailureKind.UNFIT


@pytest.mark.parametrize(
    "message",
    [
        b"\0",
        b"GET / HTTP/1.1",
        b'{"number": 1e400}',
        b'{"number": 99999999999999999999}',
        b'{"number": -1}',
        b"[" * 30_000,
        b'{"number":1,"x":"' + b"a" * LONGEST_PACKET,
    ],
)
def test_who_speaks_something_else_is_hung_up_on(server, raw, client, message):
    caller = raw()
    caller.send(message)
    accept(server)
    assert server.take() == []
    assert caller.recv(LONGEST_PACKET) == b""
    client.call("grid", GetIdentity(), TIMEOUT_S)
    accept(server)
    assert len(server.take()) == 1


def test_who_comes_beyond_the_bound_is_hung_up_on(server, raw):
    callers = [raw() for _ in range(MOST_CALLERS)]
    for _ in callers:
        accept(server)
    one_more = raw()
    accept(server)
    assert one_more.recv(100) == b""
    callers[0].close()
    accept(server)
    again = raw()
    accept(server)
    again.send(b'{"number":1}')
    accept(server)
    assert again.recv(1000).startswith(b'{"number":1,')


@contextlib.contextmanager
def no_descriptors():
    """Leave this process no descriptor but those it has, for as long as it lasts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Path(os.devnull).open("rb") as lowest_free:
        most = lowest_free.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_descriptors_nobody_is_accepted_and_the_server_does_not_spin(
    server, raw
):
    callers = [raw(), raw()]
    with no_descriptors():
        accept(server)
        assert not is_readable(server)
    callers.append(raw())
    accept(server)
    for caller in callers:
        caller.send(b'{"number":1}')
    accept(server)
    assert all(caller.recv(1000).startswith(b'{"number":1,') for caller in callers)


def test_a_caller_that_does_not_listen_is_hung_up_on(server, client):
    client.call("grid", GetIdentity(), TIMEOUT_S)
    accept(server)
    [(caller, _)] = server.take()
    answer = Answer(number=99, outcome=RecordTold(record="x" * 20_000))
    for _ in range(1000):  # more than any socket buffers
        server.answer(caller, answer)
    while client.fileno() is not None:
        failed = client.service()
    assert [failure(answer) for answer in failed] == [FailureKind.SILENT]


def test_one_caller_does_not_starve_another(server, raw, client):
    busy = raw()
    accept(server)
    call = Call(number=1, meter="a", command=GetIdentity(), timeout_s=1)
    for _ in range(50):
        busy.send(msgspec.json.encode(call))
    client.call("grid", GetIdentity(), TIMEOUT_S)
    server.take()
    assert "grid" in {call.meter for _, call in server.take()}


def test_a_client_hangs_up_on_what_is_no_answer(path, client):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(path))
    listener.listen()
    client.call("grid", GetIdentity(), TIMEOUT_S)
    connection, _ = listener.accept()
    connection.send(b'{"number": 1, "outcome": {"type": "Perhaps"}}')
    assert [failure(answer) for answer in client.service()] == [FailureKind.SILENT]
    assert client.fileno() is None
    connection.close()
    listener.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packets=st.lists(st.binary(min_size=1, max_size=200), max_size=10))
def test_no_bytes_disturb_the_server(server, raw, packets):
    caller = raw()
    for message in packets:
        caller.send(message)
    caller.close()
    for _ in range(4):
        assert server.take() == []
    assert not is_readable(server)

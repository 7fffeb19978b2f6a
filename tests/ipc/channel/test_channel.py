# SPDX-License-Identifier: Apache-2.0
"""The channel: both ends of a real socket, and hostile ones."""

import socket
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipc.channel import GRACE_S, MOST_IN_FLIGHT, ChannelClient
from ipc.channel import ChannelServer as Server
from ipc.commands import (
    LONGEST_PACKET,
    Answer,
    Call,
    ClockTime,
    Command,
    Done,
    Failed,
    FailureKind,
    GetIdentity,
    GetTransactionState,
    Outcome,
    RecordTold,
    SetClock,
)
from ipc.errors import ChannelError
from tests.ipc.channel.looks import TIMEOUT_S, accept, failure, is_readable


def test_a_call_arrives_and_its_answer_comes_back(server, client):
    number = client.call("grid", GetIdentity(), TIMEOUT_S)
    accept(server)
    [(caller, call)] = server.take()
    assert call == Call(
        number=number, meter="grid", command=GetIdentity(), timeout_s=TIMEOUT_S
    )
    assert not is_readable(client)
    server.answer(caller, Answer(number=number, outcome=Done()))
    assert is_readable(client)
    assert client.service() == [Answer(number=number, outcome=Done())]
    assert client.due_ns is None


def test_the_server_is_readable_exactly_while_there_is_something_to_take(
    server, client
):
    assert not is_readable(server)
    client.call("grid", GetIdentity(), TIMEOUT_S)
    assert is_readable(server)
    accept(server)
    assert is_readable(server)
    server.take()
    assert not is_readable(server)


@pytest.mark.usefixtures("server")
def test_only_its_owner_and_group_may_command_a_meter(path):
    mode = path.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o660


def test_a_stale_socket_is_replaced_and_a_closed_one_is_gone(path, clock):
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stale.bind(str(path))
    stale.close()
    server, client = Server(path), ChannelClient(path, clock)
    client.call("grid", GetIdentity(), TIMEOUT_S)
    assert is_readable(server)
    client.close()
    server.close()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["x" * 200, "no/such/directory/bus.sock"])
def test_a_socket_that_cannot_be_made_is_an_error_that_names_it(tmp_path, name):
    with pytest.raises(ChannelError, match=r"correct ring\.directory"):
        Server(tmp_path / name)


def test_without_a_sampler_a_call_fails_at_once(client, clock):
    number = client.call("grid", GetIdentity(), TIMEOUT_S)
    assert client.due_ns == clock.monotonic_ns()
    [answer] = client.service()
    assert (answer.number, failure(answer)) == (number, FailureKind.SILENT)
    assert client.fileno() is None
    assert client.service() == []


def test_calls_in_flight_fail_when_the_sampler_goes_and_the_next_finds_its_successor(
    client, path
):
    first = Server(path)
    numbers = [client.call("grid", GetIdentity(), TIMEOUT_S) for _ in range(3)]
    first.close()
    answers = client.service()
    assert [answer.number for answer in answers] == numbers
    assert {failure(answer) for answer in answers} == {FailureKind.SILENT}
    assert client.fileno() is None
    second = Server(path)
    number = client.call("grid", GetIdentity(), TIMEOUT_S)
    accept(second)
    assert [call.number for _, call in second.take()] == [number]
    second.close()


def test_a_call_to_a_successor_fails_the_calls_to_its_predecessor(client, path):
    first = Server(path)
    lost = client.call("grid", GetIdentity(), TIMEOUT_S)
    accept(first)
    [(caller, _)] = first.take()
    unread = client.call("grid", GetTransactionState(), TIMEOUT_S)
    first.answer(caller, Answer(number=unread, outcome=Done()))
    first.close()
    second = Server(path)
    number = client.call("grid", GetIdentity(), TIMEOUT_S)
    told = {answer.number: answer.outcome for answer in client.service()}
    assert told.keys() == {lost, unread}
    assert told[lost].kind is FailureKind.SILENT
    assert told[unread] == Done()  # it was said before the end
    accept(second)
    assert [call.number for _, call in second.take()] == [number]
    second.close()


def test_a_call_that_is_never_answered_fails_at_its_deadline(server, client, clock):
    number = client.call("grid", GetIdentity(), TIMEOUT_S)
    assert client.due_ns == round((TIMEOUT_S + GRACE_S) * 1e9)
    clock.advance(TIMEOUT_S + GRACE_S - 0.001)
    assert client.service() == []
    clock.advance(0.001)
    [answer] = client.service()
    assert (answer.number, failure(answer)) == (number, FailureKind.SILENT)
    accept(server)
    [(caller, _)] = server.take()
    server.answer(caller, Answer(number=number, outcome=Done()))
    assert client.service() == []  # too late: it has been answered


@pytest.mark.usefixtures("server")
def test_a_call_beyond_the_bound_is_busy(client):
    numbers = [
        client.call("grid", GetIdentity(), TIMEOUT_S) for _ in range(MOST_IN_FLIGHT + 1)
    ]
    [answer] = client.service()
    assert (answer.number, failure(answer)) == (numbers[-1], FailureKind.BUSY)


@pytest.mark.usefixtures("server")
def test_a_call_no_packet_holds_is_unfit(client):
    number = client.call("g" * LONGEST_PACKET, GetIdentity(), TIMEOUT_S)
    [answer] = client.service()
    assert (answer.number, failure(answer)) == (number, FailureKind.UNFIT)


def test_a_record_of_control_characters_fits_and_one_without_bound_says_so(
    server, client
):
    for record, kind in ("\x01" * 4062, RecordTold), ("x" * LONGEST_PACKET, Failed):
        number = client.call("grid", GetIdentity(), TIMEOUT_S)
        callers = [caller for _ in range(2) for caller, _ in server.take()]
        outcome = RecordTold(record=record)
        server.answer(callers[0], Answer(number=number, outcome=outcome))
        [answer] = client.service()
        assert isinstance(answer.outcome, kind)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(
    command=st.one_of(
        st.builds(GetIdentity),
        st.builds(
            SetClock,
            time=st.builds(
                ClockTime,
                utc_s=st.integers(-(2**63), 2**63 - 1),
                mono_ns=st.integers(0, 2**63 - 1),
                offset_min=st.integers(-1440, 1440),
                is_synchronised=st.booleans(),
            ),
        ),
    ),
    meter=texts,
    outcome=st.one_of(
        st.builds(Done),
        st.builds(RecordTold, record=texts, start=st.none() | texts),
        st.builds(Failed, kind=st.sampled_from(FailureKind), reason=texts),
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_said_is_what_is_heard(
    server, client, meter: str, command: Command, outcome: Outcome
):
    number = client.call(meter, command, TIMEOUT_S)
    [(caller, call)] = server.take() or server.take()
    assert (call.meter, call.command) == (meter, command)
    server.answer(caller, Answer(number=number, outcome=outcome))
    assert client.service() == [Answer(number=number, outcome=outcome)]

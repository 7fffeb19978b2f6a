# SPDX-License-Identifier: Apache-2.0
"""The way of verbs to a meter: a Unix socket that keeps messages apart.

SOCK_SEQPACKET: one message a packet, whole or not at all, in order, and each end
learns at once when the other is gone. Nothing here waits: both ends are selectable,
and what cannot be sent now ends the connection instead of filling a queue. Who owns
the bus's segment owns the socket too, so a socket file that is there is a stale one.

The file is of mode 0660: who may not write to it cannot command a meter.
"""

import select
import socket
from pathlib import Path
from typing import Final

from ipc import packet
from ipc.clock import Clock
from ipc.commands import Answer, Call, Command, Failed, FailureKind
from ipc.errors import ChannelError
from ipc.units import NS_PER_S

MODE: Final = 0o660

MOST_CALLERS: Final = 4
"""Connections of one server: the publisher's, one it has left behind, and to spare."""

MOST_AT_ONCE: Final = 8
"""Packets taken from one caller before its server looks at anything else."""

MOST_IN_FLIGHT: Final = 64
"""Calls of one client that wait for their Answers: two to each meter of a full bus."""

GRACE_S: Final = 2.0
"""How long beyond its time a call waits for a sampler that should have answered."""


class ChannelServer:
    """The sampler's end. ChannelError: the socket cannot be made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener = _listener(path)
        self._poll = select.epoll()
        # Edge-triggered: a caller that cannot be accepted must not wake us for ever.
        self._poll.register(self._listener, select.EPOLLIN | select.EPOLLET)
        self._callers: dict[int, socket.socket] = {}
        self._numbers: dict[int, int] = {}
        self._next = 1

    def fileno(self) -> int:
        """Give the descriptor that is readable when take() has something to do."""
        return self._poll.fileno()

    def take(self) -> list[tuple[int, Call]]:
        """Take what has come: who calls, and what. Never waits.

        What is no Call is answered as unfit if it has a number, else its sender is
        hung up on: it speaks something else.
        """
        calls: list[tuple[int, Call]] = []
        for descriptor, _ in self._poll.poll(0):
            if descriptor == self._listener.fileno():
                self._accept_all()
            elif (caller := self._numbers.get(descriptor)) is not None:
                calls += [(caller, call) for call in self._take_from(caller)]
        return calls

    def answer(self, caller: int, answer: Answer) -> None:
        """Send an Answer; to a caller that is gone, or does not listen, nobody can."""
        connection = self._callers.get(caller)
        if connection is not None and not packet.send(
            connection, packet.of_answer(answer)
        ):
            self._hang_up(caller)

    def close(self) -> None:
        """Hang up on everybody and take the socket file away."""
        for caller in list(self._callers):
            self._hang_up(caller)
        self._poll.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept_all(self) -> None:
        """Accept who waits; whoever is left waits for the next one to come."""
        for _ in range(2 * MOST_CALLERS):
            try:
                connection, _ = self._listener.accept()
            except OSError:  # nobody waits, or there are no descriptors left
                return
            if len(self._callers) == MOST_CALLERS:
                connection.close()
            else:
                self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        caller, self._next = self._next, self._next + 1
        self._callers[caller] = connection
        self._numbers[connection.fileno()] = caller
        self._poll.register(connection, select.EPOLLIN)

    def _take_from(self, caller: int) -> list[Call]:
        calls: list[Call] = []
        for _ in range(MOST_AT_ONCE):
            message = packet.receive(self._callers[caller])
            if message is None:
                break
            call = packet.call_in(message)
            if call is None:
                self._hang_up(caller)
                break
            if isinstance(call, Call):
                calls.append(call)
                continue
            self.answer(caller, call)
            if caller not in self._callers:
                break
        return calls

    def _hang_up(self, caller: int) -> None:
        connection = self._callers.pop(caller)
        del self._numbers[connection.fileno()]
        connection.close()  # epoll forgets it by itself


class ChannelClient:
    """The publisher's end. Each call gets one Answer, from service(), come what may.

    It connects when there is something to say: a sampler that is not there costs
    nothing until then.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._connection: socket.socket | None = None
        self._deadlines: dict[int, int] = {}
        self._ready: list[Answer] = []
        self._next = 1

    def fileno(self) -> int | None:
        """Give the descriptor that is readable when an Answer is; None: not connected.

        It changes with each connection: ask before each wait.
        """
        return self._connection.fileno() if self._connection else None

    @property
    def due_ns(self) -> int | None:
        """When service() has something to do even if nothing has come; None: never."""
        if self._ready:
            return self._clock.monotonic_ns()
        return min(self._deadlines.values(), default=None)

    def call(self, meter: str, command: Command, timeout_s: float) -> int:
        """Send a verb; give the number that its Answer will bear."""
        number, self._next = self._next, self._next + 1
        call = Call(number=number, meter=meter, command=command, timeout_s=timeout_s)
        message = packet.of_call(call)
        if message is None:
            self._fail(number, FailureKind.UNFIT, "too long for a message")
        elif len(self._deadlines) == MOST_IN_FLIGHT:
            self._fail(number, FailureKind.BUSY, f"{MOST_IN_FLIGHT} calls wait already")
        elif self._send(message):
            wait_ns = round((timeout_s + GRACE_S) * NS_PER_S)
            self._deadlines[number] = self._clock.monotonic_ns() + wait_ns
        else:
            self._fail(
                number, FailureKind.SILENT, f"no sampler listens at {self._path}"
            )
        return number

    def service(self) -> list[Answer]:
        """Give the Answers that have come, or will not come any more. Never waits."""
        answers = self._receive()
        now_ns = self._clock.monotonic_ns()
        for number in [n for n, due_ns in self._deadlines.items() if due_ns <= now_ns]:
            del self._deadlines[number]
            self._fail(number, FailureKind.SILENT, "the sampler did not answer in time")
        answers += self._ready
        self._ready = []
        return answers

    def close(self) -> None:
        """Give the connection up, and with it every call that waits."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for number in self._deadlines:
            self._fail(number, FailureKind.SILENT, "the sampler has gone")
        self._deadlines.clear()

    def _send(self, message: bytes) -> bool:
        """Send; on a connection whose other end has gone unnoticed, once more."""
        for _ in range(2):
            if self._connection is None:
                self._connection = _connected(self._path)
            if self._connection is None:
                return False
            if packet.send(self._connection, message):
                return True
            self._ready += self._receive()  # what it had said before it went
            self.close()
        return False

    def _receive(self) -> list[Answer]:
        """Take the Answers to calls that still wait; hang up on what speaks otherwise."""
        answers: list[Answer] = []
        while self._connection and len(answers) < MOST_IN_FLIGHT:
            message = packet.receive(self._connection)
            if message is None:
                break
            answer = packet.answer_in(message)
            if answer is None:
                self.close()
            elif self._deadlines.pop(answer.number, None) is not None:
                answers.append(answer)
        return answers

    def _fail(self, number: int, kind: FailureKind, reason: str) -> None:
        outcome = Failed(kind=kind, reason=reason)
        self._ready.append(Answer(number=number, outcome=outcome))


def _listener(path: Path) -> socket.socket:
    """Listen at the path; whoever looks finds the old socket or the whole new one."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    unborn = path.with_name(f".{path.name}.new")
    try:
        listener.setblocking(False)
        unborn.unlink(missing_ok=True)
        listener.bind(str(unborn))
        unborn.chmod(MODE)
        listener.listen(MOST_CALLERS)
        unborn.replace(path)
    except OSError as error:
        listener.close()
        reason = error.strerror or error
        raise ChannelError(
            f"{path}: cannot be made a socket: {reason}: correct ring.directory"
        ) from error
    return listener


def _connected(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.setblocking(False)  # to a Unix socket it connects at once, or not
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        return None
    return connection

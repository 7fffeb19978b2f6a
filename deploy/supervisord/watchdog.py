# SPDX-License-Identifier: Apache-2.0
"""What supervisord lacks: it replaces a process that hangs, and revives a given-up one.

An event listener of supervisord (its protocol on stdin and stdout), and the other end
of ipc.notify: the processes beat as they do for systemd, from their own loops. Not the
ring's heartbeat, because the publisher has none; not the age of a file, because a beat
through a socket comes with the sender's pid, so it is no other's and writes nothing.

It is one file that needs `ipc` and no package of supervisor, whichever Python that one
is installed for.
"""

import argparse
import contextlib
import enum
import http.client
import os
import select
import socket
import struct
import sys
import xmlrpc.client
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ipc import log
from ipc.clock import Clock, SystemClock
from ipc.config import LogTable
from ipc.stop import Stop
from ipc.units import NS_PER_S

CREDENTIALS = struct.Struct("3i")
"""struct ucred of unix(7): pid, uid, gid."""

LARGEST_DATAGRAM = 4096
RPC_TIMEOUT_S = 5.0
URL = "SUPERVISOR_SERVER_URL"
"""Set by supervisord for its children."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """What supervisord says of one; the names are getAllProcessInfo's."""

    group: str
    name: str
    statename: str
    pid: int


class Order(enum.Enum):
    """What is to be done to a process."""

    KILL = "kill"
    START = "start"


class Watch:
    """Who was heard when, and what follows from it.

    silence_s  how long each program may be silent, by the beginning of its name
    """

    def __init__(self, silence_s: Mapping[str, float]) -> None:
        self._silence_s = silence_s
        self._heard_ns: dict[int, int] = {}

    def heard(self, pid: int, now_ns: int) -> None:
        """Take note of a beat."""
        self._heard_ns[pid] = now_ns

    def judge(
        self, processes: Iterable[Process], now_ns: int
    ) -> Iterator[tuple[Process, Order]]:
        """Give what is to be done now.

        A new process begins with a whole silence: to start takes time. Monotonic time
        only, as the wall clock may jump by years when a board finds out the date.
        """
        pids = set()
        for process in processes:
            silence_s = self._silence_of(process.name)
            if silence_s is None:
                continue
            if process.statename == "FATAL":
                yield process, Order.START
            elif process.statename in ("RUNNING", "STARTING") and process.pid:
                pids.add(process.pid)
                silent_ns = now_ns - self._heard_ns.setdefault(process.pid, now_ns)
                if silent_ns > silence_s * NS_PER_S:
                    yield process, Order.KILL
        # Those that have ended, and any stranger that has sent us something.
        self._heard_ns = {pid: self._heard_ns[pid] for pid in pids}

    def _silence_of(self, name: str) -> float | None:
        for beginning, silence_s in self._silence_s.items():
            if name.startswith(beginning):
                return silence_s
        return None


class Ear:
    """The socket that the processes are told of in NOTIFY_SOCKET."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)  # of one that was killed
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        # Anyone may send; the kernel says who did, and only our programs count.
        path.chmod(0o666)

    def fileno(self) -> int:
        """Give the descriptor for select()."""
        return self._socket.fileno()

    def drain(self) -> Iterator[int]:
        """Give the pids of those who have beaten since the last call."""
        space = socket.CMSG_SPACE(CREDENTIALS.size)
        with contextlib.suppress(BlockingIOError):
            while True:
                data, ancillary, _, _ = self._socket.recvmsg(LARGEST_DATAGRAM, space)
                if b"WATCHDOG=1" not in data.split(b"\n"):
                    continue
                for level, kind, content in ancillary:
                    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                        yield CREDENTIALS.unpack(content)[0]

    def close(self) -> None:
        """Give the socket back; its name stays for the next one to replace."""
        self._socket.close()


class _Connection(http.client.HTTPConnection):
    """HTTP through a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=RPC_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, _host: object) -> _Connection:
        connection = _Connection(self._path)
        self._connection = None, connection  # what close() closes
        return connection


class Supervisor:
    """supervisord's XML-RPC interface, as far as it is needed.

    A connection for each question: one that was refused once stays broken.
    OSError, http.client.HTTPException, xmlrpc.client.Error: no answer, or a refusal.
    """

    def __init__(self, url: str) -> None:
        self._path = url.removeprefix("unix://")

    def processes(self) -> list[Process]:
        """Give all of them, ours and others'."""
        return msgspec.convert(self._ask("getAllProcessInfo"), list[Process])

    def obey(self, process: Process, order: Order) -> None:
        """Do it. A process that is stopped takes no other signal than SIGKILL."""
        name = f"{process.group}:{process.name}"
        if order is Order.KILL:
            self._ask("signalProcess", name, "KILL")
        else:
            self._ask("startProcess", name, False)  # do not wait for it to run

    def _ask(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC's
        transport = _Transport(self._path)
        with xmlrpc.client.ServerProxy("http://localhost", transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


class Listener:
    """One event of supervisord at a time; between them, beats."""

    def __init__(
        self,
        watch: Watch,
        *,
        ear: Ear,
        supervisor: Supervisor,
        clock: Clock,
        logger: log.Logger,
    ) -> None:
        self._watch = watch
        self._ear = ear
        self._supervisor = supervisor
        self._clock = clock
        self._log = logger

    def run(self, events: BinaryIO, answers: BinaryIO, stop: Stop) -> None:
        """Serve until a stop is requested or supervisord is gone.

        The protocol: "READY", then a header line of key:value words whose `len` bytes
        of payload follow, then a result, and so on.
        """
        sources: list[BinaryIO | Ear | Stop] = [events, self._ear, stop]
        _say(answers, b"READY\n")
        while not stop.requested:
            ready = select.select(sources, [], [])[0]
            for pid in self._ear.drain():
                self._watch.heard(pid, self._clock.monotonic_ns())
            if events not in ready:
                continue
            if not (header := events.readline()):
                return
            words = dict(word.split(b":", 1) for word in header.split())
            events.read(int(words[b"len"]))
            self.look()
            _say(answers, b"RESULT 2\nOKREADY\n")

    def look(self) -> None:
        """Do what is to be done now; what fails is tried again with the next tick."""
        try:
            processes = self._supervisor.processes()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            self._log.error("supervisord_unreachable", detail=str(error))
            return
        for process, order in self._watch.judge(processes, self._clock.monotonic_ns()):
            event = "process_killed" if order is Order.KILL else "process_revived"
            self._log.warning(event, name=process.name, pid=process.pid)
            try:
                self._supervisor.obey(process, order)
            except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
                self._log.error("order_failed", name=process.name, detail=str(error))


def _say(answers: BinaryIO, text: bytes) -> None:
    answers.write(text)
    answers.flush()


def _program(text: str) -> tuple[str, float]:
    name, _, silence = text.partition("=")
    return name, float(silence)


def main() -> int:
    """Run as supervisord's event listener."""
    stop = Stop.on_signals()
    parser = argparse.ArgumentParser(description="A watchdog for supervisord.")
    parser.add_argument("--socket", type=Path, required=True, help="to be listened on")
    parser.add_argument("program", nargs="+", type=_program, help="NAME=SECONDS")
    arguments = parser.parse_args()
    url = os.environ.get(URL, "")
    if not url.startswith("unix://"):
        parser.error(
            f"{URL} is {url!r}: run it from a supervisord that has a [unix_http_server]"
        )
    ear = Ear(arguments.socket)
    logger = log.set_up(LogTable(), process="watchdog")
    logger.info("watchdog_started", programs=dict(arguments.program))
    Listener(
        Watch(dict(arguments.program)),
        ear=ear,
        supervisor=Supervisor(url),
        clock=SystemClock(stop),
        logger=logger,
    ).run(sys.stdin.buffer, sys.stdout.buffer, stop)
    ear.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

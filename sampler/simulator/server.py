# SPDX-License-Identifier: Apache-2.0
"""A pseudo-terminal with meters behind it, at the pace of a real wire.

A pty passes bytes at once. So a request counts as arrived when the wire would have
brought it; then comes the silence that ends a frame, the meter's turnaround, and
the answer, no piece of which is handed on before the wire would have brought it.
"""

import contextlib
import os
import select
import tty
from collections.abc import Sequence
from typing import Self

from ipc.clock import NS_PER_S, Clock
from ipc.stop import Stop
from sampler.simulator.frame import LARGEST_FRAME
from sampler.simulator.meter import Meter
from sampler.simulator.wire import Line


class Server:
    """Opens the terminal at once; serve() blocks until the stop is requested.

    A test runs it in a thread of its own:

        stop = Stop()
        clock = SystemClock(stop)
        with Server([Meter(MODEL)], line=Line(), clock=clock, stop=stop) as server:
            thread = threading.Thread(target=server.serve)
            thread.start()
            ...                          # read from server.path
            stop.request()
            thread.join()
        stop.close()
    """

    def __init__(
        self,
        meters: Sequence[Meter],
        *,
        line: Line,
        clock: Clock,
        stop: Stop,
    ) -> None:
        """Take the meters on the line, each with a unit id of its own."""
        self._meters = meters
        self._line = line
        self._clock = clock
        self._stop = stop
        # The slave end stays open here: without it the master would see a hang-up
        # whenever the last reader closes, and the settings below would be lost.
        self._master, self._slave = os.openpty()
        self.path = os.ttyname(self._slave)
        """What a reader opens as its serial port."""
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._started_ns = clock.monotonic_ns()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back; its path is gone."""
        os.close(self._master)
        os.close(self._slave)

    def elapsed_ns(self) -> int:
        """Give the time on the meters' own axis: since the terminal was opened."""
        return self._clock.monotonic_ns() - self._started_ns

    def serve(self) -> None:
        """Answer requests until a stop is requested."""
        while not self._stop.requested:
            frame, ended_ns = self._receive()
            for meter in self._meters:
                answer = meter.answer(frame, elapsed_ns=ended_ns - self._started_ns)
                if answer is not None:
                    begin_ns = ended_ns + meter.model.turnaround_ns
                    self._send(answer, begin_ns=begin_ns)

    def _receive(self) -> tuple[bytes, int]:
        """Wait for a frame; give it and the end of the silence after it.

        Bytes are taken no faster than the wire would bring them, so a reader that
        writes without end is held back by the terminal's buffer, as by a UART's.
        """
        frame = bytearray()
        ended_ns = 0
        chunk = self._read(until_ns=None)
        while chunk:
            frame += chunk
            del frame[LARGEST_FRAME + 1 :]  # too long is too long
            now_ns = self._clock.monotonic_ns()
            passed_ns = now_ns + self._line.duration_ns(len(chunk))
            self._clock.wait_until(passed_ns)
            ended_ns = passed_ns + self._line.silence_ns
            chunk = self._read(until_ns=ended_ns)
        return bytes(frame), ended_ns

    def _read(self, *, until_ns: int | None) -> bytes:
        """Give what has come, or nothing at the deadline or the stop."""
        timeout_s = None
        if until_ns is not None:
            timeout_s = max(0, until_ns - self._clock.monotonic_ns()) / NS_PER_S
        watched = [self._master, self._stop.fileno()]
        ready, _, _ = select.select(watched, [], [], timeout_s)
        if self._stop.requested or self._master not in ready:
            return b""
        return os.read(self._master, LARGEST_FRAME)

    def _send(self, answer: bytes, *, begin_ns: int) -> None:
        """Hand the answer on as the wire brings it.

        Half duplex: what comes meanwhile collides and is lost. It is thrown away
        before the last piece, because after it the reader may ask again at once.
        """
        for passed_ns, piece in self._line.pieces(answer):
            self._clock.wait_until(begin_ns + passed_ns)
            if self._stop.requested:
                return
            self._throw_away()
            # Nobody reads and the buffer is full: the bytes are lost, as on a wire.
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, piece)

    def _throw_away(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._master, 16 * LARGEST_FRAME)

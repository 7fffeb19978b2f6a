# SPDX-License-Identifier: Apache-2.0
"""The whole path over a real pseudo-terminal, with an independent client."""

import contextlib
import os
import struct
import threading

import minimalmodbus
import pytest
import serial

from ipc.clock import SystemClock
from ipc.stop import Stop
from sampler.simulator.eastron_sdm630 import MODEL
from sampler.simulator.frame import crc16, seal
from sampler.simulator.meter import Meter
from sampler.simulator.server import Server
from sampler.simulator.wire import Line

FAST = Line(baudrate=115200)


@contextlib.contextmanager
def serving(*meters, line=FAST):
    stop = Stop()
    with Server(
        meters or [Meter(MODEL)], line=line, clock=SystemClock(stop), stop=stop
    ) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            stop.request()
            thread.join()
    stop.close()


@contextlib.contextmanager
def client(server, *, unit_id=1, timeout_s=5.0):
    with serial.Serial(server.path, FAST.baudrate, timeout=timeout_s) as port:
        yield minimalmodbus.Instrument(port, unit_id)


def test_an_independent_client_reads_floats_blocks_and_the_serial_number():
    with serving() as server, client(server) as instrument:
        assert 225 < instrument.read_float(0x0000, functioncode=4) < 236
        assert 49.9 < instrument.read_float(0x0046, functioncode=4) < 50.1
        block = instrument.read_registers(0x0000, 80, functioncode=4)
        assert len(block) == 80
        assert instrument.read_long(0xFC00, functioncode=3) == 22_000_001


def test_an_independent_client_writes_a_setting_and_reads_it_back():
    with serving() as server, client(server) as instrument:
        instrument.write_float(0x0002, 30)
        assert instrument.read_float(0x0002, functioncode=3) == 30


@pytest.mark.slow  # the client waits out its time even when it is refused
def test_an_independent_client_understands_a_refusal():
    with serving() as server, client(server, timeout_s=0.5) as instrument:
        with pytest.raises(minimalmodbus.IllegalRequestError, match="data address"):
            instrument.read_register(0x4000, functioncode=4)
        with pytest.raises(minimalmodbus.IllegalRequestError, match="data value"):
            instrument.write_float(0x0002, 7)


def test_several_meters_share_a_line():
    meters = [Meter(MODEL, unit_id=unit_id, seed=unit_id) for unit_id in (1, 2)]
    with serving(*meters) as server, client(server) as instrument:
        for unit_id in (1, 2, 1):
            instrument.address = unit_id
            number = instrument.read_long(0xFC00, functioncode=3)
            assert number == 22_000_000 + unit_id


@pytest.mark.slow
def test_another_unit_and_a_wrong_crc_meet_silence_and_ours_an_answer():
    with serving() as server, client(server, timeout_s=0.2) as instrument:
        instrument.address = 9
        with pytest.raises(minimalmodbus.NoResponseError):
            instrument.read_float(0x0000, functioncode=4)
        instrument.serial.write(bytes.fromhex("01 04 0000 0002 0000"))
        assert instrument.serial.read(1) == b""
        instrument.address = 1
        instrument.serial.timeout = 5
        assert instrument.read_float(0x0000, functioncode=4) > 0


def test_the_meter_goes_on_when_its_last_reader_leaves_and_another_comes():
    with serving() as server:
        for _ in range(3):
            with client(server) as instrument:
                assert instrument.read_float(0x0000, functioncode=4) > 0


@pytest.mark.slow
def test_no_answer_is_there_before_the_wire_could_have_brought_it():
    clock = SystemClock(Stop())
    request = seal(struct.pack(">BBHH", 1, 4, 0x0000, 80))
    # 8 characters, 3.5 of silence, 1 ms of turnaround, 165 characters, 10 bits each.
    wire_ns = (8 + 3.5 + 165) * 10 * 1e9 / 9600 + 1e6
    with (
        serving(line=Line(baudrate=9600)) as server,
        serial.Serial(server.path, 9600, timeout=10) as port,
    ):
        begun_ns = clock.monotonic_ns()
        port.write(request)
        answer = port.read(165)
        ended_ns = clock.monotonic_ns()
    assert crc16(answer) == 0
    assert ended_ns - begun_ns >= wire_ns
    clock._stop.close()


@pytest.mark.slow
def test_a_reader_that_writes_without_end_is_held_back_and_harms_nobody():
    with (
        serving(line=Line(baudrate=1_000_000)) as server,
        client(server, timeout_s=0.1) as instrument,
    ):
        for _ in range(20):
            instrument.serial.write(bytes(1000))
        answered = False
        while not answered:
            with contextlib.suppress(minimalmodbus.ModbusException):
                answered = instrument.read_float(0x0000, functioncode=4) > 0


def test_answers_that_nobody_takes_are_lost_and_block_nothing():
    stop = Stop()
    clock = SystemClock(stop)
    with Server([Meter(MODEL)], line=FAST, clock=clock, stop=stop) as server:
        for _ in range(1000):  # far more than a terminal holds
            server._send(bytes(250), begin_ns=0)
    stop.close()


class SteppingClock:
    """Stands still but for its waits; what happens meanwhile is the test's."""

    def __init__(self, meanwhile):
        self._now_ns = 0
        self._meanwhile = meanwhile

    def monotonic_ns(self):
        return self._now_ns

    def wall_ns(self):
        return self._now_ns

    def wait_until(self, deadline_ns):
        self._now_ns = deadline_ns
        self._meanwhile()


@contextlib.contextmanager
def stepped(meanwhile):
    """Give a server whose waits are steps, and the reader's port."""
    stop = Stop()
    clock = SteppingClock(lambda: meanwhile(stop, port))
    with (
        Server([Meter(MODEL)], line=Line(), clock=clock, stop=stop) as server,
        serial.Serial(server.path) as port,
    ):
        yield server, port
    stop.close()


def test_what_a_reader_says_into_an_answer_is_lost():
    with stepped(lambda _, port: port.write(b"noise")) as (server, port):
        server._send(bytes(range(250)), begin_ns=0)
        assert port.read(250) == bytes(range(250))
        assert server._read(until_ns=0) == b""


def test_a_stop_leaves_the_rest_of_an_answer_unsent():
    with stepped(lambda stop, _: stop.request()) as (server, port):
        server._send(bytes(250), begin_ns=0)
        assert port.in_waiting == 0


def test_a_request_in_two_writes_takes_as_long_as_in_one():
    rest = [b"second"]
    with stepped(lambda _, port: port.write(rest.pop() if rest else b"")) as (
        server,
        port,
    ):
        port.write(b"first ")
        frame, ended_ns = server._receive()
    assert frame == b"first second"
    # 12 characters and 3.5 of silence, 10 bits each at 9600; rounded up twice.
    assert ended_ns == pytest.approx((12 + 3.5) * 10 * 1e9 / 9600, abs=3)


def test_of_a_frame_that_is_too_long_no_more_is_kept_than_shows_it():
    rest = [bytes(200)] * 20
    with stepped(lambda _, port: port.write(rest.pop() if rest else b"")) as (
        server,
        port,
    ):
        port.write(bytes(200))
        frame, _ = server._receive()
    assert len(frame) == 257


def test_a_reader_that_sets_nothing_on_its_port_gets_every_byte_as_it_is():
    with serving() as server:
        port = os.open(server.path, os.O_RDWR | os.O_NOCTTY)
        os.write(port, seal(struct.pack(">BBHH", 1, 4, 0x0000, 80)))
        answer = b""
        while len(answer) < 165:
            answer += os.read(port, 165)
        os.close(port)
    assert crc16(answer) == 0


@pytest.mark.parametrize("sent", [b"", seal(struct.pack(">BBHH", 1, 4, 0, 80))])
def test_a_stop_ends_the_wait_and_the_slowest_answer(sent):
    stop = Stop()
    hours = Line(baudrate=1)
    clock = SystemClock(stop)
    with (
        Server([Meter(MODEL)], line=hours, clock=clock, stop=stop) as server,
        serial.Serial(server.path) as port,
    ):
        thread = threading.Thread(target=server.serve)
        thread.start()
        port.write(sent)
        stop.request()
        thread.join()
    stop.close()

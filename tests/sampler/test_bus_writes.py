# SPDX-License-Identifier: Apache-2.0
"""Writes on a real pseudo-terminal: what was written stands in the meter."""

import struct

import pytest

from ipc.sample import Quality
from sampler.plan import Block
from sampler.simulator.frame import seal
from sampler.simulator.meter import Meter
from sampler.simulator.signing.models import em580
from tests.sampler.served import Wrapped, serving
from tests.sampler.wires import bus_on

ID = 0x7007
COMMAND = 0x7040


def read_back(bus, address, count):
    return bus.read(1, Block(function_code=4, address=address, count=count))


def test_registers_that_were_written_are_read_back():
    with serving(Meter(em580())) as server, bus_on(server.path) as bus:
        for size in (2, 10, 40):
            text = bytes(range(65, 65 + size))
            assert bus.write(1, ID, text) is None
            assert read_back(bus, ID, size // 2) == text


def test_a_write_that_the_meter_refuses_is_a_refusal_with_its_code():
    with serving(Meter(em580())) as server, bus_on(server.path) as bus:
        fault = bus.write(1, 0x5000, b"no")
        assert (fault.kind, fault.code) == (Quality.REFUSED, 2)
        assert bus.write(1, ID, b"yes\0") is None


def echo_of_write(meter):
    """Have an adapter that hears itself: the request comes back before the answer."""
    meter.change = lambda answer: meter.requests[-1] + answer
    return meter


def test_the_echo_of_a_write_is_not_taken_for_its_answer():
    meter = echo_of_write(Wrapped(Meter(em580())))
    with serving(meter) as server, bus_on(server.path) as bus:
        for _ in range(3):
            assert bus.write(1, ID, b"AB" * 10) is None
        assert read_back(bus, ID, 10) == b"AB" * 10
        assert bus.write(1, 0x5000, b"no").kind is Quality.REFUSED


def another_address(answer):
    unit_id, code, address, count = struct.unpack(">BBHH", answer[:-2])
    return seal(struct.pack(">BBHH", unit_id, code, address + 1, count))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda _: b"", Quality.TIMEOUT),
        (lambda answer: answer[:5], Quality.GARBLED),
        (lambda answer: answer[:-1] + bytes((answer[-1] ^ 1,)), Quality.GARBLED),
        (another_address, Quality.GARBLED),
    ],
    ids=["none", "cut short", "wrong CRC", "another address"],
)
def test_an_answer_that_is_none_is_a_fault_although_the_meter_obeyed(change, kind):
    meter = Wrapped(Meter(em580()), change=change)
    with serving(meter) as server, bus_on(server.path) as bus:
        assert bus.write(1, ID, b"AB").kind is kind
        meter.change = lambda answer: answer
        assert read_back(bus, ID, 1) == b"AB"


def test_without_a_port_nothing_is_written(tmp_path):
    with bus_on(str(tmp_path / "gone")) as bus:
        assert bus.write(1, ID, b"AB").kind is Quality.NO_PORT

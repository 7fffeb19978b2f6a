# SPDX-License-Identifier: Apache-2.0
"""The port of a bus: refused at the start, and gone and come back in its life."""

import fcntl
import os
import pty

import pytest

from ipc.sample import Quality
from sampler.errors import PortBusyError, PortError
from sampler.fault import Fault
from sampler.timing import TIMING
from tests.sampler.exchanges import BLOCK, first, held_by, kind_of
from tests.sampler.wires import HangUpError, bus_on, right, slave


def hanging_up(request):
    yield 0, right(request)[:7]
    raise HangUpError


def test_a_hang_up_in_mid_read_is_a_fault_and_the_same_path_is_opened_again(tmp_path):
    link = tmp_path / "by-id"
    with slave(first(hanging_up), link=link) as far, bus_on(str(link)) as bus:
        answer = bus.read(1, BLOCK)
        assert isinstance(answer, Fault)
        assert answer.kind is Quality.NO_PORT
        for _ in range(3):
            assert kind_of(bus.read(1, BLOCK)) is Quality.NO_PORT
        far.plug()
        assert bus.read(1, BLOCK) == held_by(BLOCK)


def test_a_port_that_went_between_two_readings_is_a_fault_too(tmp_path):
    link = tmp_path / "by-id"
    with slave(link=link) as far, bus_on(str(link)) as bus:
        assert bus.read(1, BLOCK) == held_by(BLOCK)
        far.unplug()
        assert kind_of(bus.read(1, BLOCK)) is Quality.NO_PORT
        far.plug()
        assert bus.read(1, BLOCK) == held_by(BLOCK)


def test_an_absent_port_is_tried_at_most_once_a_second_and_used_when_it_comes(tmp_path):
    link = tmp_path / "by-id"
    with bus_on(str(link), timing=TIMING) as bus:
        fault = bus.open()
        assert fault
        assert "is not there" in fault.detail
        with slave(link=link):
            assert bus.read(1, BLOCK) == fault  # nothing has been tried again yet
    with bus_on(str(link)) as bus:
        assert kind_of(bus.read(1, BLOCK)) is Quality.NO_PORT
        with slave(link=link):
            assert bus.read(1, BLOCK) == held_by(BLOCK)


def test_a_port_that_another_process_holds_is_refused_at_the_start():
    with slave() as far, bus_on(far.path) as bus:
        holder = os.open(far.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(PortBusyError, match="in use by another process"):
            bus.open()
        os.close(holder)
        assert bus.open() is None


def test_a_port_that_another_process_took_meanwhile_is_waited_for(tmp_path):
    link = tmp_path / "by-id"
    with slave(link=link) as far, bus_on(str(link)) as bus:
        assert bus.read(1, BLOCK) == held_by(BLOCK)
        far.unplug()
        assert kind_of(bus.read(1, BLOCK)) is Quality.NO_PORT
        far.plug()
        holder = os.open(str(link), os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        answer = bus.read(1, BLOCK)
        assert isinstance(answer, Fault)
        assert "in use by another process" in answer.detail
        os.close(holder)
        assert bus.read(1, BLOCK) == held_by(BLOCK)


def test_what_is_no_serial_port_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with (
        bus_on(str(tmp_path / "file")) as bus,
        pytest.raises(PortError, match="cannot be used as a serial port"),
    ):
        bus.open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_port_we_may_not_open_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "port").touch(mode=0)
    with bus_on(str(tmp_path / "port")) as bus, pytest.raises(PortError, match="group"):
        bus.open()


def test_a_driver_without_a_low_latency_mode_is_used_as_it_is():
    near, far = pty.openpty()  # a pseudo-terminal has no such ioctl
    with bus_on(os.ttyname(far)) as bus:
        assert bus.open() is None
        with pytest.raises(ValueError, match="ASYNC_LOW_LATENCY"):
            bus._port.set_low_latency_mode(True)
    os.close(near)
    os.close(far)

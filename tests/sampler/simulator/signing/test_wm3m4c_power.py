# SPDX-License-Identifier: Apache-2.0
"""A WM3M4C that loses its power, or is reset, at each step of a charge."""

import pytest

from sampler.simulator.signing.wm3m4c_layout import Status
from tests.sampler.simulator.signing.wm3m4c import (
    AFTER_POWER_FAILURE,
    AFTER_RESET,
    IDLE,
    NOON_S,
    WM3M4CHost,
)

SECOND_NS = 1_000_000_000


@pytest.fixture
def host():
    host = WM3M4CHost()
    host.set_clock()
    host.assign()
    return host


def cut(host, *, for_s=1):
    """Take the power away now, and wait until the meter has started again."""
    host.meter.cut_power(at_ns=host.now_ns, for_ns=for_s * SECOND_NS)
    host.wait(for_s + 2)


def answered(host, letter):
    """Command, wait, and give the status."""
    host.command(letter)
    host.wait(1)
    return host.status


def test_after_a_power_failure_it_wants_the_clock_and_the_dataset_again(host):
    host.obeyed("B")
    host.wait(60)
    begun = host.number(7017, 2)
    cut(host)
    assert host.state == AFTER_POWER_FAILURE
    assert (host.number(7057), host.number(7056), host.number(7071)) == (0, 0, 0)
    assert answered(host, "r") == Status.INVALID_STATE
    host.set_clock(NOON_S + 64)
    assert answered(host, "r") == Status.INVALID_STATE
    host.assign()
    host.obeyed("r")
    assert host.state == IDLE
    assert host.number(7017, 2) == begun
    assert b'"TM":"2023-04-14T11:51:06,000+0000 S","TX":"B"' in host.output()
    assert b'"PG":"T2"' in host.output()


def test_a_record_that_was_not_read_is_lost_with_the_power_and_can_be_had_again(host):
    host.charge()
    lost = host.output()
    cut(host)
    assert (host.state, host.number(7057)) == (IDLE, 0)
    host.set_clock()
    host.assign()
    host.obeyed("i")
    assert host.output() == lost.replace(b'"PG":"T2"', b'"PG":"T3"')


def test_a_begin_that_the_power_cut_short_has_not_begun(host):
    host.command("B")
    cut(host)
    assert host.state == IDLE
    host.set_clock()
    host.assign()
    host.obeyed("B")
    assert b'"PG":"T1"' in host.output()


def test_an_end_that_the_power_cut_short_can_be_asked_for_again(host):
    host.obeyed("B")
    host.command("r")
    cut(host)
    assert host.state == AFTER_POWER_FAILURE


def test_the_text_on_the_display_goes_with_the_power(host):
    host.write(7063, b"Hello   ")
    cut(host)
    assert host.read(7063, 4) == bytes(8)


def test_a_reset_keeps_all_but_the_command_at_work(host):
    host.meter.device.reset(at_ns=host.now_ns)
    assert host.state == IDLE
    host.obeyed("B")
    host.command("r")
    host.meter.device.reset(at_ns=host.now_ns)
    assert (host.state, host.status) == (AFTER_RESET, Status.IDLE)
    host.obeyed("r")
    assert host.state == IDLE

# SPDX-License-Identifier: Apache-2.0
"""A BSM-WS36A's snapshots, clock and texts, as its fact sheets tell them."""

import struct

import pytest

from sampler.simulator.signing.bsm_layout import Event, Kind, Status
from tests.sampler.simulator.signing.bsm import (
    FAILED_GENERAL,
    INVALID,
    METAS,
    NOON_S,
    UPDATING,
    VALID,
    BSMHost,
)
from tests.sampler.simulator.signing.host import RefusedError

SECOND_NS = 1_000_000_000
NO_TIME = b"\xff\xff\xff\xff\x80\x00"
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


@pytest.fixture
def host():
    host = BSMHost()
    host.set_clock()
    host.assign()
    return host


def cut(host, *, for_s=1):
    """Take the power away now, and wait until the meter has started again."""
    host.meter.cut_power(at_ns=host.now_ns, for_ns=for_s * SECOND_NS)
    host.wait(for_s + 2)


def clock_sets(host):
    return host.number(40263, 2)


def test_its_models_follow_one_another_to_the_end(host):
    assert host.read(40000, 2) == b"SunS"
    address, found = 40002, []
    while (number := host.number(address)) != 0xFFFF:
        found.append((address, number))
        address += 2 + host.number(address + 1)
    assert [number for _, number in found] == [
        *(1, 10, 17, 203, 64900, 64902),
        *5 * [64901],
        *5 * [64903],
    ]
    assert found[4] == (40197, 64900)
    assert found[9] == (41283, 64901)
    assert found[-1] == (43791, 64903)


def test_it_says_what_it_is(host):
    assert host.read(40004, 16).rstrip(b"\0") == b"BAUER Electronic"
    assert host.read(40020, 16).rstrip(b"\0") == b"BSM-WS36A-H01-1311-0000"
    assert host.read(40052, 16).rstrip(b"\0") == b"001BZR1522000001"
    assert host.spki().hex().startswith("3059301306072a8648ce3d0201")


@pytest.mark.parametrize("kind", Kind)
def test_a_snapshot_is_invalid_then_updating_then_valid(host, kind):
    assert host.status(kind) == INVALID
    host.ask_for(kind)
    assert host.status(kind) == UPDATING
    host.wait(0.049)
    assert host.status(kind) == UPDATING
    host.wait(0.751)
    assert host.status(kind) == VALID
    assert host.number(kind.snapshot + 2) == host.number(kind.ocmf + 2) == kind
    others = {other: host.status(other) for other in Kind if other is not kind}
    assert set(others.values()) == {INVALID}


def test_a_snapshot_can_be_made_again_and_has_the_next_number(host):
    for number in (1, 2, 3):
        host.made(Kind.START)
        assert f'"PG":"T{number}"' in host.record(Kind.START)
        assert host.number(40256, 2) == number


def test_asking_twice_makes_one(host):
    host.ask_for(Kind.START)
    host.ask_for(Kind.START)
    host.wait(1)
    assert host.number(40256, 2) == 1


def test_only_updating_can_be_asked_for(host):
    host.made(Kind.START)
    for status in (VALID, INVALID, FAILED_GENERAL):
        host.write(Kind.START.snapshot + 3, status)
        assert host.status(Kind.START) == VALID


def test_a_snapshot_that_fails_says_how_and_the_next_does_not(host):
    host.meter.device.next_status = Status.FAILED_FEEDBACK
    host.ask_for(Kind.START)
    host.wait(1)
    assert host.status(Kind.START) == Status.FAILED_FEEDBACK
    host.made(Kind.START)


def test_a_record_that_does_not_fit_is_a_failure(host):
    host.assign(('"' * 140, '"' * 100, '"' * 100))
    host.ask_for(Kind.START)
    host.wait(1)
    assert host.status(Kind.START) == FAILED_GENERAL


def test_turning_on_resets_the_register_that_is_billed_and_starting_does_not():
    host = BSMHost(load_w=36_000)
    host.set_clock()
    host.wait(100)
    host.made(Kind.START)
    assert host.number(40251, 2) > 50
    host.made(Kind.TURN_ON)
    assert host.number(40251, 2) <= 1
    assert host.number(40268) == 1
    host.wait(99.2)
    assert host.number(40251, 2) == pytest.approx(100, abs=5)
    host.made(Kind.TURN_OFF)
    assert host.number(40268) == 0


def test_before_time_and_zone_were_written_together_there_is_none():
    host = BSMHost()
    assert host.read(40260, 3) == NO_TIME
    host.write(40260, struct.pack(">I", NOON_S))
    host.write(40262, 120)
    assert host.read(40260, 3) == NO_TIME
    host.set_clock()
    assert host.read(40260, 3) == struct.pack(">Ih", NOON_S, 120)
    assert clock_sets(host) == 1


def test_the_clock_goes_on_and_an_update_is_not_counted_as_setting_it(host):
    host.wait(86_400)
    assert host.number(40260, 2) == NOON_S + 86_400
    host.write(40260, struct.pack(">I", NOON_S + 86_410))
    assert host.number(40260, 2) == NOON_S + 86_410
    assert clock_sets(host) == 1
    host.write(40262, 60)
    assert clock_sets(host) == 2
    host.write(40260, struct.pack(">I", NOON_S))
    assert clock_sets(host) == 3
    assert host.number(40265, 2) == 500_000 + 86_401


def test_the_clock_goes_round_after_32_bits(host):
    host.set_clock(utc_s=0xFFFF_FFFE)
    host.wait(3)
    host.made(Kind.START)
    assert host.number(40260, 2) == 1
    assert '"TM":"1970-01-01T02:00:01,000+0200 S"' in host.record(Kind.START)


def test_the_zone_may_be_west(host):
    host.set_clock(zone_min=-210)
    host.made(Kind.START)
    assert "-0330 S" in host.record(Kind.START)


@pytest.mark.parametrize(
    ("address", "value", "code"),
    [
        (40004, 1, None),  # may only be read: ignored
        (40261, 0, ILLEGAL_VALUE),  # half a time
        (40279, b"short", ILLEGAL_VALUE),
        (40348, bytes(2), ILLEGAL_VALUE),
        (44293, 0, ILLEGAL_ADDRESS),
        (39999, bytes(4), ILLEGAL_ADDRESS),
    ],
)
def test_a_point_is_written_whole_or_not_at_all(host, address, value, code):
    data = value + b"\0" if isinstance(value, bytes) and len(value) % 2 else value
    assert host.refusal(address, data) == code
    assert host.read(40004, 8) == b"BAUER Electronic"
    assert host.read(40279, 16) == METAS[0].encode()


def test_it_knows_one_code_to_read_and_one_to_write(host):
    with pytest.raises(RefusedError) as refused:
        host.read(40000, 2, code=4)
    assert refused.value.code == ILLEGAL_FUNCTION
    with pytest.raises(RefusedError) as refused:
        host.write_one(40262, 60)
    assert refused.value.code == ILLEGAL_FUNCTION
    with pytest.raises(RefusedError) as refused:
        host.read(40000, 126)
    assert refused.value.code == ILLEGAL_VALUE
    with pytest.raises(RefusedError) as refused:
        host.read(44292, 2)
    assert refused.value.code == ILLEGAL_ADDRESS


def test_a_power_cut_takes_the_snapshots_the_clock_and_the_texts(host):
    host.charge()
    host.ask_for(Kind.CURRENT)
    cut(host)
    assert {host.status(kind) for kind in Kind} == {INVALID}
    assert host.read(40260, 3) == NO_TIME
    assert host.read(40279, 70) == bytes(140)
    assert host.snapshot(Kind.START)[4:] == bytes(500)
    assert host.record(Kind.START) == ""
    assert host.number(40254, 2) == 1
    host.made(Kind.CURRENT)
    assert '"PG":"T4"' in host.record(Kind.CURRENT)


def test_while_the_power_is_gone_no_second_of_operation_is_counted(host):
    before = host.number(40258, 2)
    cut(host, for_s=1000)
    assert host.number(40258, 2) == before


def test_an_end_after_a_power_cut_is_marked_and_the_next_charge_is_not(host):
    host.made(Kind.START)
    cut(host)
    assert host.number(40195, 2) == Event.POWER_FAILURE
    host.set_clock()
    host.assign()
    host.made(Kind.END)
    assert '"EF":"Et","ST":"E"' in host.record(Kind.END)
    host.charge()
    assert '"EF":"","ST":"G"' in host.record(Kind.END)


def test_without_a_time_a_record_is_marked():
    host = BSMHost()
    host.made(Kind.START)
    record = host.record(Kind.START)
    assert '"TM":"1970-01-01T00:00:00,000+0000 U"' in record
    assert '"EF":"Et","ST":"E"' in record


def test_an_event_that_a_test_sets_is_shown_and_marks_the_record(host):
    host.meter.device.events = Event.DEVELOPMENT_MODE
    assert host.number(40195, 2) == 1 << 19
    host.made(Kind.START)
    assert '"ST":"E"' in host.record(Kind.START)

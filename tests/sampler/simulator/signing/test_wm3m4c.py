# SPDX-License-Identifier: Apache-2.0
"""A WM3M4C's commands, state by state, as its fact sheets tell them."""

import struct

import pytest

from sampler.simulator import registry
from sampler.simulator.meter import Meter
from sampler.simulator.signing.wm3m4c_layout import Status
from tests.sampler.simulator.signing.host import Host, RefusedError
from tests.sampler.simulator.signing.wm3m4c import (
    ACTIVE,
    DATASET,
    IDLE,
    NOON_S,
    SIGNED,
    WM3M4CHost,
)

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4


@pytest.fixture
def host():
    host = WM3M4CHost()
    host.set_clock()
    host.assign()
    return host


def answered(host, letter):
    """Command, wait, and give the status."""
    host.command(letter)
    host.wait(1)
    return host.status


def test_a_charge_goes_from_idle_by_active_back_to_idle(host):
    assert (host.state, host.status) == (IDLE, 1)
    host.obeyed("B")
    assert host.state == ACTIVE
    host.wait(60)
    host.obeyed("r")
    assert host.state == IDLE


def test_the_state_changes_first_and_then_the_signature_is_there(host):
    for letter, before, after in [("B", IDLE, ACTIVE), ("r", ACTIVE, IDLE)] * 10:
        host.command(letter)
        seen = []
        for _ in range(200):
            seen.append((host.state, host.status))
            host.wait(0.005)
        assert seen[0] == (before, 2)
        assert set(seen[1:]) == {(before, 2), (after, 2), (after, SIGNED)}
        assert sorted(seen, key=lambda each: (each[0] == after, each[1])) == seen


@pytest.mark.parametrize("letter", "ELRAP")
def test_an_end_of_its_own_kind_holds_the_end_only(host, letter):
    host.obeyed("B")
    host.obeyed(letter)
    assert host.state == IDLE
    assert host.output().count(b'"TX"') == 1
    assert f'"TX":"{letter}"'.encode() in host.output()


@pytest.mark.parametrize("letter", "CXTS")
def test_what_happens_meanwhile_is_signed_and_the_charge_goes_on(host, letter):
    host.obeyed("B")
    host.obeyed(letter)
    assert host.state == ACTIVE
    assert f'"TX":"{letter}"'.encode() in host.output()


def test_a_fiscal_reading_has_pages_of_its_own_and_no_reason(host):
    host.obeyed("f")
    assert b'"PG":"F1"' in host.output()
    assert b'"TX"' not in host.output()
    host.obeyed("B")
    assert b'"PG":"T1"' in host.output()
    assert host.number(7011, 2) == 1
    assert host.number(7013, 2) == 2


def test_the_last_charge_is_signed_once_more_when_asked_for(host):
    host.charge()
    first = host.output()
    host.obeyed("i")
    again = host.output()
    assert again == first.replace(b'"PG":"T2"', b'"PG":"T3"')


@pytest.mark.parametrize("letter", "ELRAPrCXTSi")
def test_what_needs_a_charge_is_an_invalid_state_without_one(host, letter):
    assert answered(host, letter) == Status.INVALID_STATE
    assert host.state == IDLE


def test_a_second_begin_is_an_invalid_state(host):
    host.obeyed("B")
    assert answered(host, "B") == Status.INVALID_STATE
    assert host.state == ACTIVE


@pytest.mark.parametrize("letter", "bZh")
def test_a_letter_it_does_not_know_is_an_invalid_command(host, letter):
    assert answered(host, letter) == Status.INVALID_COMMAND


def test_the_letter_belongs_into_the_high_byte(host):
    host.write(7051, ord("B"))
    assert host.status == Status.INVALID_COMMAND


def test_without_a_time_it_does_not_begin():
    host = WM3M4CHost()
    host.assign()
    assert answered(host, "B") == Status.INVALID_TIME
    host.set_clock()
    assert answered(host, "B") == SIGNED


@pytest.mark.parametrize("size", [0, 1025, 0xFFFF])
def test_a_size_that_cannot_be_is_said_to_be_invalid(host, size):
    host.write(7056, size)
    assert answered(host, "B") == Status.INVALID_SIZE


def test_a_dataset_that_leaves_no_room_for_the_readings_is_too_long(host):
    host.assign(DATASET.replace("000007", "7" * 700))
    assert answered(host, "B") == Status.INVALID_SIZE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"GI"', ' "GI"'),
        ('"IF":[],"IT":"UNDEFINED"', '"IT":"UNDEFINED","IF":[]'),
        ('"PG":""', '"PG":"T1"'),
        ('"IS":true', '"IS":"true"'),
        ('"IT":"UNDEFINED"', '"IT":"Undefined"'),
        ('"IF":[]', '"IF":["RFID"]'),
        ('"CT":"CBIDC"', '"CT":"cbidc"'),
        ('"RD":[]}', '"RD":[]}\n'),
        ('"ID":"', '"IL":"NONE","ID":"'),
        ('"ID":"', '"ID":""'),
        (',"MF":""', ""),
    ],
)
def test_a_dataset_that_is_not_strict_is_of_an_invalid_format(host, old, new):
    host.assign(DATASET.replace(old, new, 1))
    assert answered(host, "B") == Status.INVALID_FORMAT
    assert host.state == IDLE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (',"GV":"PWR P0037"', ""),
        (',"CT"', ',"CF":"1.2.3","CT"'),
        ('"IF":[]', '"IF":["RFID_PLAIN","OCPP_AUTH"]'),
        ('"IS":true', '"IS":false'),
        ('"ID":"', '"ID":"\\"\\u00e9 \u00e9'),
        ('"FV":"1.0"', '"FV":"1.3"'),
    ],
)
def test_what_else_is_strict_comes_out_as_it_went_in(host, old, new):
    dataset = DATASET.replace(old, new, 1)
    host.assign(dataset)
    host.obeyed("B")
    gateway, rest = dataset.split(',"PG"')
    user = rest.partition(',"IS"')[2].removesuffix("[]}")
    output = host.output().decode()
    assert output.startswith(gateway + ',"PG":"T1"')
    assert f',"IS"{user}[{{"TM"' in output


def test_the_output_stays_until_the_next_command_even_if_that_is_refused(host):
    host.obeyed("B")
    assert host.number(7057) > 0
    host.wait(1000)
    assert host.number(7057) > 0
    host.command("B")
    assert (host.number(7057), host.number(7058)) == (0, 0)
    assert host.read(7612, 100) == bytes(200)


def test_a_command_while_one_is_at_work_is_refused(host):
    host.command("B")
    assert host.refusal(7051, 0x7200) == DEVICE_FAILURE
    host.wait(1)
    assert (host.state, host.status) == (ACTIVE, SIGNED)


def test_a_signature_that_fails_changes_nothing(host):
    host.meter.device.next_status = Status.SIGNING_FAILED
    assert answered(host, "B") == Status.SIGNING_FAILED
    assert host.state == IDLE
    host.obeyed("B")


def test_the_clock_stays_as_it_is_while_one_charges(host):
    host.obeyed("B")
    for address in (7053, 7054, 7055):
        assert host.refusal(address, 0) == DEVICE_FAILURE
    assert host.refusal(7071, 1) is None


def test_the_clock_can_be_set_by_two_single_writes_and_goes_on(host):
    host.write_one(7054, NOON_S >> 16)
    host.write_one(7055, NOON_S & 0xFFFF)
    host.wait(100)
    assert host.number(7054, 2) == NOON_S + 100


def test_a_charge_shows_its_energy_and_its_time():
    host = WM3M4CHost(load_w=36_000)
    host.set_clock()
    host.assign()
    host.wait(100)  # beyond the ramp
    host.obeyed("B")
    host.wait(99)
    assert host.number(7001, 2) == 100
    assert host.number(7003, 2) == pytest.approx(1000, rel=0.05)
    host.obeyed("r")
    shown = host.read(7001, 2), host.read(7003, 2)
    host.wait(100)
    assert (host.read(7001, 2), host.read(7003, 2)) == shown
    used = host.number(7021, 2) - host.number(7017, 2)
    assert host.number(7003, 2) == used


@pytest.mark.parametrize("count", [121, 125])
def test_more_than_120_registers_are_too_many(host, count):
    for code in (3, 4):
        with pytest.raises(RefusedError) as refused:
            host.read(7612 if code == 3 else 0, count, code=code)
        assert refused.value.code == ILLEGAL_VALUE
    if count <= 123:
        assert host.refusal(7100, bytes(2 * count)) == ILLEGAL_VALUE


@pytest.mark.parametrize(
    ("address", "value", "code"),
    [
        (7000, 0, ILLEGAL_ADDRESS),
        (7057, 0, ILLEGAL_ADDRESS),
        (8124, 0, ILLEGAL_ADDRESS),
        (7059, 2, ILLEGAL_VALUE),
        (7060, 5, ILLEGAL_VALUE),
        (7071, 4, ILLEGAL_VALUE),
        (7053, 1441, ILLEGAL_VALUE),
        (7063, b"Hello   ", None),
    ],
)
def test_what_must_not_be_written_is_refused_with_its_reason(
    host, address, value, code
):
    assert host.refusal(address, value) == code


def test_each_half_of_its_registers_has_its_own_reading_code(host):
    with pytest.raises(RefusedError) as refused:
        host.read(7000, code=4)
    assert refused.value.code == ILLEGAL_ADDRESS
    with pytest.raises(RefusedError):
        host.read(105, 2, code=3)


def test_it_says_what_it_is(host):
    assert host.read(0, code=4) == b"\0\4"
    assert host.read(1, 8, code=4).rstrip(b"\0") == b"WM3M4C"
    assert host.read(9, 4, code=4) == b"W2000001"
    assert struct.unpack(">hh", host.read(414, 2, code=4)) == (-1, 1)


def test_the_type_without_c_has_nothing_to_sign_with():
    host = Host(Meter(registry.find("iskra_wm3m4")))
    assert host.read(1, 8, code=4).rstrip(b"\0") == b"WM3M4"
    with pytest.raises(RefusedError) as refused:
        host.read(7000)
    assert refused.value.code == ILLEGAL_FUNCTION
    assert host.refusal(7051, 0x4200) == ILLEGAL_FUNCTION

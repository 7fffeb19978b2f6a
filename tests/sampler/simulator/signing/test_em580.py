# SPDX-License-Identifier: Apache-2.0
"""An EM580's transaction, state by state, as its fact sheets tell it."""

import pytest

from sampler.simulator.signing.em580 import FileFault
from tests.sampler.simulator.signing.em580 import (
    CORRUPTED,
    NOON_S,
    NOT_READY,
    READY,
    RUNNING,
    UUID,
    EM580Host,
)
from tests.sampler.simulator.signing.host import RefusedError

ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 2, 3, 4


@pytest.fixture
def host():
    host = EM580Host()
    host.set_clock()
    host.assign()
    return host


def status(host):
    return host.number(0x7045)


def test_a_transaction_goes_from_not_ready_by_running_to_ready_and_back(host):
    assert (host.state, status(host)) == (NOT_READY, 0)
    host.begin()
    assert (host.state, status(host)) == (RUNNING, 1)
    host.wait(60)
    assert host.state == RUNNING
    host.end()
    host.wait(0.8)
    assert (host.state, status(host)) == (READY, 2)
    assert host.number(0x7101) > 300
    host.write(0x7100, 0)
    assert (host.state, host.number(0x7101)) == (NOT_READY, 0)


def test_the_record_takes_its_time_and_never_longer_than_the_meter_needs(host):
    for _ in range(20):
        host.begin()
        host.end()
        host.wait(0.049)
        assert (host.state, host.number(0x7101)) == (RUNNING, 0)
        host.wait(0.751)
        assert host.state == READY
        host.write(0x7100, 0)


def test_what_is_not_understood_in_this_state_is_ignored(host):
    host.end()
    assert host.state == NOT_READY
    host.begin()
    host.wait(10)
    host.begin()
    host.write(0x7100, 0)
    assert host.state == RUNNING
    host.end()
    host.end()
    host.wait(1)
    host.end()
    assert '"TM":"2025-12-17T12:09:16,000+0100 S","TX":"B"' in host.record()
    assert '"TM":"2025-12-17T12:09:26,000+0100 S","TX":"E"' in host.record()


def test_a_begin_is_refused_as_long_as_a_file_waits(host):
    host.charge()
    record = host.record()
    assert host.refusal(0x7040, ord("B")) == DEVICE_FAILURE
    assert (host.state, host.record()) == (READY, record)
    host.write(0x7100, 0)
    host.begin()
    assert host.state == RUNNING


def test_an_abort_ends_the_transaction_and_says_so(host):
    host.begin()
    host.write(0x7040, ord("A"))
    host.wait(1)
    assert '"TX":"A"' in host.record()


def test_every_record_has_the_next_number(host):
    for number in (1, 2, 3):
        host.charge()
        assert f'"PG":"T{number}"' in host.record()
        assert host.read(0x7102, 2) == bytes((0, number, 0, 0))
        assert host.read(0x7059, 7).rstrip(b"\0") == str(number).encode()
        host.write(0x7100, 0)


def test_the_last_id_is_the_hosts_if_it_gives_one(host):
    host.write(0x6F00, 1)
    host.write_text(0x6F01, "ABCDEFGHIJKLM")
    host.charge()
    assert host.read(0x7059, 7) == b"ABCDEFGHIJKLM\0"


def test_the_user_is_taken_over_at_the_begin(host):
    host.begin()
    host.write_text(0x7007, "SOMEBODY ELSE")
    host.end()
    host.wait(1)
    assert '"ID":"04A1B2C3"' in host.record()


def test_a_running_session_shows_its_energy_and_its_time():
    host = EM580Host(load_w=36_000)
    host.wait(100)  # beyond the ramp
    host.begin()
    host.wait(100)
    imported, seconds = host.long(0x7A00, 4), host.long(0x7A08, 4)
    assert imported == pytest.approx(1000, rel=0.05)
    assert seconds == 100


def test_the_clock_is_not_taken_right_after_power_up_nor_while_one_charges():
    host = EM580Host(now_s=1.99)
    with pytest.raises(RefusedError) as refused:
        host.set_clock()
    assert refused.value.code == DEVICE_FAILURE
    assert host.number(0x7060) == 0
    host.wait(0.01)
    host.set_clock()
    assert host.number(0x7060) == 1
    host.begin()
    with pytest.raises(RefusedError):
        host.set_clock()


def test_the_clock_goes_on_from_what_it_was_set_to(host):
    host.wait(100)
    assert host.long(0x7032, 4) == NOON_S + 100


def test_a_meter_without_time_says_so_in_its_record():
    host = EM580Host()
    host.charge()
    assert '"TM":"1970-01-01T00:00:03,000+0000 U","TX":"B"' in host.record()


@pytest.mark.parametrize(
    ("address", "value", "code"),
    [
        (0x7006, 3, ILLEGAL_VALUE),  # no type has this number
        (0x7002, 4, ILLEGAL_VALUE),
        (0x7031, 1441, ILLEGAL_VALUE),
        (0x7032, 0, ILLEGAL_VALUE),  # a quarter of a time
        (0x7032, b"\xff" * 8, ILLEGAL_VALUE),
        (0x7040, 0x4200, ILLEGAL_VALUE),  # the letter in the other half
        (0x7100, 2, ILLEGAL_VALUE),
        (0x5000, 0, ILLEGAL_ADDRESS),
        (0x7101, 0, ILLEGAL_ADDRESS),
        (0x6900, bytes(2 * 123), None),
        (0x0000, 0, ILLEGAL_ADDRESS),
        (0xFFFF, bytes(4), ILLEGAL_ADDRESS),
    ],
)
def test_what_must_not_be_written_is_refused_with_its_reason(
    host, address, value, code
):
    assert host.refusal(address, value) == code


def test_the_tariff_text_stays_while_one_charges(host):
    host.begin()
    assert host.refusal(0x6900, b"free") == DEVICE_FAILURE
    assert UUID.encode() in host.read(0x6900, 120)


def test_the_code_must_be_read_alone(host):
    assert host.number(0x000B) == 580
    block = host.read(0x000A, 2)
    assert 380 < int.from_bytes(block[2:] + block[:2]) / 10 < 410
    host.meter.device.refuses_code_in_blocks = True
    assert host.number(0x000B) == 580
    with pytest.raises(RefusedError):
        host.read(0x0000, 52)


def test_both_reading_codes_and_both_writing_codes_do_the_same(host):
    assert host.read(0x5000, 7, code=3) == host.read(0x5000, 7, code=4)
    host.write_one(0x7006, 60)
    assert host.number(0x7006) == 60
    assert host.number(0x5007) == 2025


def test_no_more_than_125_registers_are_read_at_once(host):
    with pytest.raises(RefusedError) as refused:
        host.read(0x7110, 126)
    assert refused.value.code == ILLEGAL_VALUE


@pytest.mark.parametrize(
    ("fault", "state", "charging_status"),
    [
        (FileFault.CORRUPTED, CORRUPTED, 3),
        (FileFault.EMPTY, READY, 2),
        (FileFault.CUT, READY, 2),
    ],
)
def test_a_fault_spoils_one_file_and_no_more(host, fault, state, charging_status):
    host.meter.device.next_file = fault
    host.charge()
    assert (host.state, status(host)) == (state, charging_status)
    assert host.record().endswith("}") is False
    host.write(0x7100, 0)
    host.charge()
    assert host.record().endswith("}")


def test_the_device_state_is_what_a_test_makes_it(host):
    assert host.number(0x5012) == 0
    host.meter.device.device_state = 1 << 12 | 1
    assert host.number(0x5012) == 0x1001


def test_the_type_without_a_key_does_not_begin():
    host = EM580Host(key_size="none")
    assert host.number(0x24FF) == 2
    assert host.read(0x2600, 62) == bytes(124)
    assert host.refusal(0x7040, ord("B")) == DEVICE_FAILURE
    assert host.state == NOT_READY

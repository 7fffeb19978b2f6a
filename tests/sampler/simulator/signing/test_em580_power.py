# SPDX-License-Identifier: Apache-2.0
"""An EM580 that loses its power, at each step of a transaction."""

import pytest

from tests.sampler.simulator.signing.em580 import (
    NOON_S,
    NOT_READY,
    READY,
    RUNNING,
    EM580Host,
)
from tests.sampler.simulator.signing.host import openssl_verifies

SECOND_NS = 1_000_000_000


@pytest.fixture
def host():
    host = EM580Host()
    host.set_clock()
    host.assign()
    return host


def cut(host, *, for_s=1):
    """Take the power away now, and wait until the meter has started again."""
    host.meter.cut_power(at_ns=host.now_ns, for_ns=for_s * SECOND_NS)
    host.wait(for_s + 6)


def test_it_is_silent_for_the_outage_and_six_seconds_more(host):
    host.meter.cut_power(at_ns=host.now_ns + SECOND_NS, for_ns=2 * SECOND_NS)
    heard = []
    for _ in range(11):
        heard.append(host.ask(bytes.fromhex("04 7100 0001")) is not None)
        host.wait(1)
    assert heard == [True] + 8 * [False] + 2 * [True]


def test_it_ends_the_transaction_that_runs_itself_and_keeps_the_record(host, tmp_path):
    host.begin()
    host.wait(60)
    cut(host)
    assert (host.state, host.number(0x7060), host.number(0x7045)) == (READY, 0, 2)
    record = host.record()
    assert '"TM":"2025-12-17T12:10:16,000+0100 S","TX":"P"' in record
    assert openssl_verifies(tmp_path, record, host.spki())
    cut(host)
    assert (host.state, host.record()) == (READY, record)


def test_after_the_end_was_asked_for_it_is_the_end_that_was_asked_for(host):
    host.begin()
    host.wait(60)
    host.end()
    cut(host)
    assert '"TX":"E"' in host.record()


def test_idle_it_stays_idle_and_forgets_nothing_but_the_time(host):
    cut(host)
    assert host.state == NOT_READY
    assert host.number(0x7060) == 0
    assert host.read(0x7007, 4) == b"04A1B2C3"
    host.wait(2)
    host.set_clock(NOON_S)
    host.begin()
    assert host.state == RUNNING


def test_the_clock_is_not_taken_right_after_the_start(host):
    cut(host)
    host.wait(1.9)
    assert host.refusal(0x7031, 0) == 4
    host.wait(0.1)
    assert host.refusal(0x7031, 0) is None


def test_nothing_is_counted_while_the_power_is_gone(host):
    host.wait(60)
    before = host.long(0x0500, 4)
    host.meter.cut_power(at_ns=host.now_ns, for_ns=3600 * SECOND_NS)
    host.wait(3606)
    assert host.long(0x0500, 4) - before <= 11_000 * 6.5 / 3600 + 1


def test_a_second_outage_may_follow_the_first(host):
    for number in (1, 2):
        host.begin()
        cut(host)
        assert f'"PG":"T{number}"' in host.record()
        host.write(0x7100, 0)

# SPDX-License-Identifier: Apache-2.0
"""The clock of a meter that signs: set when it is idle, and no more often than need be."""

from publisher.ocmf import Sync
from tests.publisher.signing.meters import refused


def clocks(bureau):
    """Count how often the meter's clock was set."""
    return bureau.meter.asked.count("SetClock")


def test_the_clock_of_an_idle_meter_is_set_at_boot_after_a_power_cut_and_hourly(
    bureau,
):
    bureau.settled()
    assert clocks(bureau) == 1
    bureau.waits(61).settled()
    assert clocks(bureau) == 1
    bureau.meter.lose_power()
    bureau.returns()
    assert clocks(bureau) == 2
    for _ in range(61):
        bureau.waits(60).settled()
    assert clocks(bureau) == 3


def test_the_clock_is_set_once_our_own_has_been_put_right(bureau):
    bureau.kernel.letter = Sync.UNKNOWN
    bureau.restart()
    bureau.settled()
    assert not bureau.channel.commands[-1].time.is_synchronised
    bureau.kernel.letter = Sync.SYNCHRONISED
    bureau.waits(61).settled()
    assert bureau.channel.commands[-1].time.is_synchronised
    assert clocks(bureau) == 2


def test_the_clock_is_left_alone_while_a_transaction_runs(bureau):
    bureau.started()
    for _ in range(61):
        bureau.waits(60).settled()
    assert clocks(bureau) == 1
    bureau.stop()
    bureau.settled()
    assert clocks(bureau) == 2


def test_a_noisy_line_sets_no_clock(bureau):
    bureau.settled()
    for _ in range(60):
        bureau.waits(1).samples(missed=1).settled()
    assert clocks(bureau) == 1


def test_a_meter_that_will_not_have_the_time_is_told_of_once(bureau):
    bureau.meter.set_clock = lambda: refused("not by me")
    bureau.settled()
    for _ in range(10):
        bureau.waits(61).settled()
    assert bureau.events().count("clock_not_set") == 1
    assert bureau.clerk.is_ready("m") == ""
    bureau.started()

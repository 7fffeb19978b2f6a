# SPDX-License-Identifier: Apache-2.0
"""The report as plain lines."""

from ipc.liveness import WriterState
from ipc.watch.lines import headline, lines, publisher
from ipc.watch.report import PublisherState
from tests.ipc.watch.reports import bus, publisher_status, report
from tests.ipc.watch.reports import publisher as publisher_of


def test_the_lines_tell_every_value_by_its_name():
    told = list(lines(report()))
    assert told[0].startswith("bus rs485: sampler running (pid 795, epoch 3")
    assert any("meter charger-1, state healthy" in each for each in told)
    assert "    power_w = 10958.2" in told
    assert "    voltage_l1_v = 228.0" in told
    assert any("meter grid, state no good sample yet" in each for each in told)


def test_a_bus_without_a_sampler_has_a_headline_too():
    missing = bus(writer=None, refused="not a ring")
    assert missing.state is WriterState.MISSING
    assert headline(missing).startswith("bus rs485: sampler missing")
    assert headline(missing).endswith("refused: not a ring")


def test_the_publisher_tells_what_it_told_everest():
    told = publisher(publisher_of())
    assert "publisher running, broker localhost:1883 connected" in told
    assert "charger-1 good, grid no good sample yet" in told


def test_a_publisher_that_says_nothing_is_told_with_the_reason():
    missing = publisher_of(state=PublisherState.MISSING, status=None)
    unreadable = publisher_of(
        state=PublisherState.UNREADABLE, status=None, unread="x: cannot be read"
    )
    assert publisher(missing) == "publisher missing"
    assert publisher(unreadable) == "publisher unreadable: x: cannot be read"


def test_control_characters_from_outside_reach_no_terminal():
    evil = publisher_status(
        broker=publisher_status().broker.__class__(
            address="a\x1b[2Jb", connected=False, connections=0, refused=0, waiting=0
        )
    )
    told = "".join(lines(report(publisher=publisher_of(status=evil))))
    assert "\x1b" not in told
    assert "a?[2Jb not connected" in told

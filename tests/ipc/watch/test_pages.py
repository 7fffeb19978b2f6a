# SPDX-License-Identifier: Apache-2.0
"""The pages: what stands on each, in 80 columns and 24 lines."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ipc.histogram import Histogram
from ipc.status import BrokerStatus, JournalStatus, ModuleStatus
from ipc.watch.pages import PAGES, Page, View, frame
from ipc.watch.report import PublisherState
from ipc.watch.text import Style, plain, render
from tests.ipc.watch.reports import (
    VALUES,
    bus,
    meter,
    newest,
    published,
    publisher,
    publisher_status,
    report,
    sampler_status,
)
from tests.ipc.watch.shown import MANY, shown

NOTHING = report(
    buses=[
        bus(
            writer=None,
            spread=None,
            status=None,
            meters=[meter(problem="sampler missing", rate_hz=None, newest=None)],
        )
    ],
    publisher=publisher(state=PublisherState.MISSING, status=None),
)
EVIL = report(
    buses=[bus(port="\x1b[2J", unread="\r\n" * 9, refused="\x07", meters=[meter()])],
    publisher=publisher(
        status=publisher_status(meters=[published(transaction="\x1b]0;owned\x07")])
    ),
)
REPORTS = (report(), NOTHING, MANY, EVIL)

views = st.builds(
    View,
    page=st.sampled_from(PAGES),
    meter=st.just(0),
    first=st.integers(0, 1000),
    is_help=st.booleans(),
)


@given(st.sampled_from(REPORTS), views, st.integers(40, 200), st.integers(6, 60))
def test_a_frame_fills_the_terminal_and_not_more(told, view, width, height):
    lines = frame(told, view, width=width, height=height)
    assert len(lines) == height
    for each in lines:
        bare = render(each, width)
        for style in Style:
            bare = bare.replace(f"\x1b[{style.value}m", "")
        assert len(bare.replace("\x1b[0m", "")) <= width


@pytest.mark.parametrize("page", PAGES)
def test_a_usual_station_fits_on_a_page_of_80_by_24(page):
    for width in (80, 1000):
        lines = frame(report(), View(page=page), width=width, height=24)
        told = [plain(each) for each in lines[1:-1]]
        assert max(map(len, told)) <= 80, told
    assert "more lines below" not in shown(page)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_that_is_open_is_marked_and_the_state_is_told(page):
    title = frame(report(), View(page=page), width=80, height=24)[0]
    unmarked = [text.strip() for text, style in title if style is not Style.BAR]
    assert unmarked == [f"{PAGES.index(page) + 1} {page.value}"]
    assert "1 not well" in plain(title)


def test_when_all_is_well_the_title_says_so():
    assert "all meters well" in shown(
        Page.METERS, report(buses=[bus(meters=[meter()])])
    )


def test_the_meters_page_has_a_line_for_each_and_marks_the_chosen_one():
    told = shown(Page.METERS, meter=1)
    assert "  charger-1          healthy" in told
    assert "> grid               no good sample yet" in told
    assert "10.96 kW  15.8 A" in told


def test_the_phases_page_shows_the_phases_side_by_side():
    told = shown(Page.PHASES)
    assert "L1       228.0 V    15.60 A    3601.0 W    137.0 var   50.02 Hz" in told
    assert "total           593.291 kWh           22.729 kWh" in told
    assert "current of 16 A" in told
    assert "phase sequence: right" in told
    assert "\nN " in told


def test_the_readme_shows_the_page_as_it_is():
    told = shown(Page.PHASES).rsplit("\n", 1)[0].rstrip()  # without the foot
    readme = Path(__file__).parents[3] / "ipc" / "README.md"
    assert f"```\n{told}\n```" in readme.read_text()


def test_the_phases_page_of_a_meter_without_values_says_what_it_is():
    told = shown(Page.PHASES, meter=1)
    assert "grid   eastron_sdm630, unit 2 on rs485" in told
    assert "no good sample yet" in told
    assert "L1 " not in told


def test_a_direct_current_meter_has_a_row_of_its_own():
    values = {"voltage_dc_v": 801.5, "current_dc_a": 120.0, "power_w": 96_000.0}
    told = shown(
        Page.PHASES,
        report(buses=[bus(meters=[meter(newest=newest(values=values))])]),
    )
    assert "DC       801.5 V   120.00 A" in told
    assert "current of 125 A" in told


def test_wrong_wires_are_hinted_at():
    values = VALUES | {"power_l2_w": -3602.0}
    told = shown(
        Page.PHASES,
        report(buses=[bus(meters=[meter(newest=newest(values=values))])]),
    )
    assert "check  L2" in told
    assert max(map(len, told.splitlines())) <= 80
    assert "the wrong way round" in " ".join(told.split())


def test_the_bus_page_shows_the_timetable_and_the_faults_by_kind():
    told = shown(Page.BUS)
    assert "sampler  running, pid 795" in told
    assert "18000 begun, 2 missed" in told
    assert "61% of the last minute" in told
    assert "60% of its period, the fullest tick" in told
    assert "charger-1        60 ms   68 ms  400 ms  17990       7       3" in told
    assert "25%             120 ms       60% charger-1, grid" in told


def test_a_timetable_whose_ticks_are_all_alike_is_not_shown():
    status = sampler_status(timetable=sampler_status().timetable[:1])
    assert "of all ticks" not in shown(Page.BUS, report(buses=[bus(status=status)]))


def test_a_procedure_for_a_transaction_is_shown_while_it_runs():
    status = sampler_status(procedure="charger-1: read record")
    told = shown(Page.BUS, report(buses=[bus(status=status)]))
    assert "now      charger-1: read record" in told


def test_the_everest_page_shows_broker_module_journal_and_open_transaction():
    told = shown(Page.EVEREST)
    assert "connected, localhost:1883" in told
    assert "pm_charger-1, found, heartbeat 500 ms ago, restarts 1" in told
    assert "open: b7a1-42; 3 begun, 2 ended" in told
    assert "next record T43" in told
    assert "EVerest has no such module" in told
    assert "EVerest is told nothing, for 2.0 h: no good sample yet" in told


@pytest.mark.parametrize(
    ("port", "told"),
    [(True, "open"), (False, "plug the adapter in"), (None, "not tried yet")],
)
def test_the_bus_page_says_whether_the_port_is_there(port, told):
    status = sampler_status(port_is_open=port)
    assert told in shown(Page.BUS, report(buses=[bus(status=status)]))


def test_what_the_view_itself_lost_is_told():
    assert "this view lost 7, 1 corrupt" in shown(
        Page.BUS, report(buses=[bus(lapped=7, corrupt=1)])
    )


def test_files_that_cannot_be_read_are_told_on_their_page():
    told = report(
        buses=[bus(refused="not a ring", unread="x: not a status")],
        publisher=publisher(
            state=PublisherState.UNREADABLE, status=None, unread="y: denied"
        ),
    )
    assert "rs485.ring: not a ring" in shown(Page.METERS, told)
    assert "rs485.ring: not a ring" in shown(Page.BUS, told)
    assert "status   x: not a status" in shown(Page.BUS, told)
    assert "y: denied" in shown(Page.EVEREST, told)


def test_a_publisher_in_trouble_says_so():
    broker = BrokerStatus(
        address="b:1", connected=False, connections=0, refused=2, waiting=9
    )
    journal = JournalStatus(
        path="/j", reason="the disk is full", size_bytes=None, next_pagination=None
    )
    module = ModuleStatus(module_id="pm", is_found=None, heard_ns=None, restarts=0)
    status = publisher_status(
        broker=broker,
        journal=journal,
        meters=[published(reason=None, module=module, transaction=None)],
    )
    told = shown(Page.EVEREST, report(publisher=publisher(status=status)))
    assert "away, b:1, connections 0, refused 2, in flight 9" in told
    assert "journal    the disk is full" in told
    assert "not judged yet" in told
    assert "pm, not looked up, no heartbeat yet" in told


def test_a_meter_that_is_well_while_the_broker_is_away_is_not_said_to_be_told():
    broker = replace(publisher_status().broker, connected=False)
    status = publisher_status(broker=broker)
    told = shown(Page.EVEREST, report(publisher=publisher(status=status)))
    assert "charger-1  well, but EVerest hears nothing" in told


def test_without_a_signing_meter_there_is_no_journal_to_show():
    status = publisher_status(journal=None, reply_latency=Histogram.of(1.0))
    told = shown(Page.EVEREST, report(publisher=publisher(status=status)))
    assert "journal" not in told
    assert "replies    0 given\n" in told


def test_a_module_whose_heartbeat_stopped_stands_out():
    module = ModuleStatus(module_id="pm", is_found=True, heard_ns=0, restarts=0)
    status = publisher_status(meters=[published(module=module)])
    lines = frame(
        report(publisher=publisher(status=status)),
        View(page=Page.EVEREST),
        width=80,
        height=24,
    )
    parts = [part for each in lines for part in each]
    assert ("83 min ago", Style.BAD) in parts


def test_the_errors_page_has_those_of_all_processes_newest_first():
    told = shown(Page.ERRORS)
    ours, theirs = "rs485/charger-1: timeout, 7 since", "publisher: journal unwritable"
    assert told.index(ours) < told.index(theirs)
    assert "no answer within 0.3 s" in told
    assert "2026-08-20" in told


def test_without_errors_the_page_says_so():
    assert "no errors" in shown(Page.ERRORS, NOTHING)


def test_without_any_process_every_page_says_so():
    assert "sampler missing" in shown(Page.METERS, NOTHING)
    assert "sampler  missing" in shown(Page.BUS, NOTHING)
    assert "publisher  missing" in shown(Page.EVEREST, NOTHING)


def test_what_comes_from_outside_is_no_command_to_the_terminal():
    told = "".join(shown(page, EVIL) for page in PAGES)
    assert "\x1b" not in told
    assert "\x07" not in told
    assert "open: ?]0;owned?" in told

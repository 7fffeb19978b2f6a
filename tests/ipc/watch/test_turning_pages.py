# SPDX-License-Identifier: Apache-2.0
"""The keys: pages, meters, scrolling, help."""

from ipc.watch.keys import Key
from ipc.watch.pages import HELP, PAGES, Page, View
from tests.ipc.watch.shown import MANY, shown


def test_help_covers_the_page_and_goes_again():
    view = View(page=Page.BUS).after(Key.HELP, meters=2, rows=22)
    assert HELP[0] in shown(view.page, is_help=view.is_help)
    assert view.after(Key.HELP, meters=2, rows=22) == View(page=Page.BUS)
    assert view.after(Key.ONE, meters=2, rows=22) == View(page=Page.METERS)


def test_every_key_is_in_the_help():
    told = "\n".join(HELP)
    for name in (
        "1 to 5",
        "Tab",
        "right",
        "left",
        "up, down",
        "PgUp",
        "Ctrl-L",
        "q or",
    ):
        assert name in told


def test_the_tabulator_turns_all_pages_and_comes_back():
    view = View()
    seen = []
    for _ in PAGES:
        seen.append(view.page)
        view = view.after(Key.RIGHT, meters=2, rows=22)
    assert tuple(seen) == PAGES
    assert view.page is Page.METERS
    assert view.after(Key.LEFT, meters=2, rows=22).page is Page.ERRORS


def test_up_and_down_choose_a_meter_all_around():
    view = View()
    assert view.after(Key.UP, meters=3, rows=22).meter == 2
    assert view.after(Key.DOWN, meters=1, rows=22).meter == 0


def test_a_long_page_can_be_scrolled_to_its_end_and_not_beyond():
    view = View(page=Page.BUS)
    assert "more lines below" in shown(Page.BUS, MANY)
    for _ in range(1000):
        view = view.after(Key.PAGE_DOWN, meters=1, rows=22)
    told = shown(Page.BUS, MANY, first=view.first)
    assert "more lines below" not in told
    assert "grid" in told.splitlines()[-2]

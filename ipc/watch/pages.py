# SPDX-License-Identifier: Apache-2.0
"""The pages of the live view, and the frame around each: 24 lines suffice."""

import enum
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from ipc.watch.buspage import buses
from ipc.watch.errorspage import troubles
from ipc.watch.everestpage import everest
from ipc.watch.keys import Key
from ipc.watch.meterspage import meters
from ipc.watch.phases import picture
from ipc.watch.report import Report
from ipc.watch.text import Line, Style, line, when


class Page(enum.Enum):
    """In the order in which the tabulator turns them."""

    METERS = "Meters"
    PHASES = "Phases"
    BUS = "Bus"
    EVEREST = "EVerest"
    ERRORS = "Errors"


PAGES = tuple(Page)

HELP = (
    "1 to 5          the page of that number",
    "Tab, right      the next page",
    "left            the page before",
    "up, down        another meter (pages 1 and 2), or scroll",
    "PgUp, PgDn      scroll by a page",
    "Ctrl-L          draw everything anew",
    "? or h          this help, and back",
    "q or Ctrl-C     the end",
    "",
    "Nothing here changes anything: the view only reads. Green is well, yellow",
    "wants a look, red does not work. Age: since the newest good sample. Planned:",
    "the wire time by the timetable; implaus: samples with a value that cannot be",
    "true, which was left out. On each page, `check` lines say what to look at.",
)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What the user has chosen to see.

    meter  index over the meters of all buses; first: the first line that is shown
    """

    page: Page = Page.METERS
    meter: int = 0
    first: int = 0
    is_help: bool = False

    def after(self, key: Key, *, meters: int, rows: int) -> "View":
        """Give what is to be seen after this key, of so many meters, in so many rows.

        Beyond the last line one may scroll; frame() shows the last rows then.
        """
        match key:
            case Key.HELP:
                return replace(self, is_help=not self.is_help)
            case Key.UP | Key.DOWN if self.page in (Page.METERS, Page.PHASES):
                step = 1 if key is Key.DOWN else -1
                return replace(self, meter=(self.meter + step) % meters)
            case Key.UP | Key.DOWN | Key.PAGE_UP | Key.PAGE_DOWN:
                size = 1 if key in (Key.UP, Key.DOWN) else rows
                step = size if key in (Key.DOWN, Key.PAGE_DOWN) else -size
                return replace(self, first=max(0, self.first + step))
            case Key.LEFT | Key.RIGHT:
                step = 1 if key is Key.RIGHT else -1
                return self._turned(PAGES.index(self.page) + step)
            case Key.ONE | Key.TWO | Key.THREE | Key.FOUR | Key.FIVE:
                return self._turned(int(key.value) - 1)
            case Key.QUIT | Key.REDRAW:
                return self

    def _turned(self, number: int) -> "View":
        page = PAGES[number % len(PAGES)]
        return replace(self, page=page, first=0, is_help=False)


def frame(report: Report, view: View, *, width: int, height: int) -> list[Line]:
    """Give the whole screen: exactly so many lines."""
    content = (
        [line(text) for text in HELP] if view.is_help else content_of(report, view)
    )
    rows = height - 2
    first = max(0, min(view.first, len(content) - rows))
    shown = content[first : first + rows]
    below = len(content) - first - len(shown)
    blank = [line()] * (rows - len(shown))
    title = _title(report, view, width)
    return [title, *shown, *blank, _footer(report, width, below)]


def content_of(report: Report, view: View) -> list[Line]:
    """Give the lines of the chosen page."""
    return list(_content(report, view))


def _content(report: Report, view: View) -> Iterator[Line]:
    match view.page:
        case Page.METERS:
            return meters(report, view.meter)
        case Page.PHASES:
            pairs = [(bus, meter) for bus in report.buses for meter in bus.meters]
            return picture(*pairs[view.meter % len(pairs)])
        case Page.BUS:
            return buses(report)
        case Page.EVEREST:
            return everest(report)
        case Page.ERRORS:
            return troubles(report)


def _title(report: Report, view: View, width: int) -> Line:
    ill = sum(meter.problem is not None for bus in report.buses for meter in bus.meters)
    told = f"{ill} not well" if ill else "all meters well"
    tabs: list[tuple[str, Style]] = []
    for number, page in enumerate(PAGES, 1):
        is_open = page is view.page and not view.is_help
        tabs.append((f" {number} {page.value} ", Style.PLAIN if is_open else Style.BAR))
    taken = sum(len(text) for text, _ in tabs)
    left = f" powermeter: {told}".ljust(width - taken)
    return line((left, Style.BAR), *tabs)


def _footer(report: Report, width: int, below: int) -> Line:
    left = " ? help   q end   Tab next page"
    if below:
        left += f"   {below} more lines below"
    now = f"{when(report.wall_ns, report.wall_ns)} UTC "
    return line((left.ljust(width - len(now)) + now, Style.BAR))

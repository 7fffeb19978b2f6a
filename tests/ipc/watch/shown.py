# SPDX-License-Identifier: Apache-2.0
"""A page as it stands on a terminal of the usual size; a station too large for it."""

from ipc.watch.pages import View, frame
from ipc.watch.text import plain
from tests.ipc.watch.reports import bus, meter, report

MANY = report(
    buses=[bus(bus=f"line-{n}", meters=[meter(meter=f"m-{n}")] * 32) for n in range(16)]
)


def shown(page, told=None, **chosen):
    """Give the text of a page on a terminal of the usual size."""
    lines = frame(told or report(), View(page=page, **chosen), width=80, height=24)
    return "\n".join(plain(each) for each in lines)

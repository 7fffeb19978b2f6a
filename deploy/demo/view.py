# SPDX-License-Identifier: Apache-2.0
"""Two ways to show a picture: drawn in a terminal, or as plain lines."""

import contextlib
import io
from typing import Any, NamedTuple, Protocol, Self, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.demo.picture import Message, Picture, State

TITLE = "everest-powermeter demo"
PHASES = ("L1", "L2", "L3", "total")


class Row(NamedTuple):
    """A quantity of powermeter_values, and how a person reads it."""

    label: str
    key: str
    unit: str
    decimals: int
    scale: int


ROWS = (
    Row("voltage", "voltage_V", "V", 1, 1),
    Row("current", "current_A", "A", 2, 1),
    Row("power", "power_W", "kW", 3, 1000),
    Row("energy", "energy_Wh_import", "kWh", 3, 1000),
)

COLOURS = {
    State.STARTING: "dim",
    State.ALIVE: "green",
    State.SILENT: "yellow",
    State.FAULT: "red",
    State.DEAD: "bold red",
}
LAST_SCREEN_LINES = 24
LONGEST_PAYLOAD = 160


class View(Protocol):
    """Shows pictures inside a `with`. Raises OSError when nobody can see them."""

    def show(self, picture: Picture) -> None:
        """Show this one."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def view_on(output: TextIO) -> View:
    """Draw on a terminal that can be drawn on; print lines anywhere else."""
    if isinstance(output, io.TextIOWrapper):
        output.reconfigure(errors="replace")  # a terminal without arrows and boxes
    console = Console(file=output)
    return Screen(console) if console.is_terminal else Lines(output)


class Screen:
    """Draws over the whole terminal; its last screen stays when it ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # No thread of rich's own: the demo forks, and has nothing else to lock.
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._last: Picture | None = None

    def show(self, picture: Picture) -> None:
        """Draw the picture over the one before."""
        self._last = picture
        self._live.update(_layout(picture), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # the terminal may be gone
            self._live.stop()
            if self._last is not None:
                self._console.print(_layout(self._last), height=LAST_SCREEN_LINES)


class Lines:
    """Prints what is new, one line each."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._states: dict[str, State] = {}

    def show(self, picture: Picture) -> None:
        """Print the messages that passed, then the links that changed."""
        for message in picture.news:
            self._say(message.elapsed_s, _line(message, picture.values))
        for link in picture.chain:
            if self._states.get(link.name) is not link.state:
                self._states[link.name] = link.state
                line = f"{link.name}: {link.state} ({link.note})"
                self._say(picture.elapsed_s, line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _say(self, elapsed_s: float, text: str) -> None:
        self._output.write(f"{elapsed_s:7.1f} s  {text}\n")
        self._output.flush()


class _Newest:
    """The newest messages, as many as there is room for, one line each."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = messages

    def __rich_console__(
        self, _console: Console, options: ConsoleOptions
    ) -> RenderResult:
        for message in self._messages[-(options.height or 1) :]:
            text = Text(f"{message.elapsed_s:6.1f} ", "dim", no_wrap=True)
            text.append(_arrow(message), "cyan" if message.sent else "green")
            text.append(f" {message.topic} ", "bold")
            text.append(message.payload)
            text.truncate(options.max_width, overflow="ellipsis")
            yield text


def _layout(picture: Picture) -> Layout:
    layout = Layout()
    layout.split_column(
        Layout(_panel(_values(picture.values), TITLE), size=len(ROWS) + 3),
        Layout(
            _panel(_chain(picture), f"the chain, {picture.elapsed_s:.0f} s"),
            size=len(picture.chain) + 2,
        ),
        Layout(_panel(_Newest(picture.messages), "messages (← EVerest, → to it)")),
        Layout(Text(" Ctrl-C ends it and everything it started.", "dim"), size=1),
    )
    return layout


def _panel(content: Any, title: str) -> Panel:  # noqa: ANN401 - anything rich can draw
    return Panel(content, title=title, title_align="left", border_style="dim")


def _values(values: dict[str, Any]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False)
    table.add_column("")
    for phase in PHASES:
        table.add_column(phase, justify="right", style="bold")
    table.add_column("", width=4)
    for row in ROWS:
        cells = [_figure(values, row, phase) for phase in PHASES]
        table.add_row(row.label, *cells, row.unit)
    return table


def _chain(picture: Picture) -> Table:
    table = Table(box=None, show_header=False, expand=True, pad_edge=False)
    for width in (10, 10, 8):
        table.add_column(width=width, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for link in picture.chain:
        age = "" if link.age_s is None else f"{link.age_s:5.1f} s"
        state = Text(f"● {link.state}", COLOURS[link.state])
        table.add_row(link.name, state, age, Text(link.note))
    return table


def _line(message: Message, values: dict[str, Any]) -> str:
    """Say a message in one line: values as a person reads them, others as they are."""
    if message.topic != "m2e/powermeter_values":
        payload = _shortened(message.payload)
        return f"{_arrow(message)} {message.topic} {payload}"
    figures = [_figures(values, row) for row in ROWS if row.key in values]
    return f"{_arrow(message)} {message.topic} {', '.join(figures)}"


def _shortened(payload: str) -> str:
    if len(payload) <= LONGEST_PAYLOAD:
        return payload
    return f"{payload[:LONGEST_PAYLOAD]} …"


def _arrow(message: Message) -> str:
    return "←" if message.sent else "→"


def _figures(values: dict[str, Any], row: Row) -> str:
    """Give a row in one string, the unit once."""
    figures = [
        _figure(values, row, phase) for phase in PHASES if phase in values[row.key]
    ]
    return f"{row.label} {' '.join(figures)} {row.unit}"


def _figure(values: dict[str, Any], row: Row, phase: str) -> str:
    value = values.get(row.key, {}).get(phase)
    return "" if value is None else f"{value / row.scale:.{row.decimals}f}"

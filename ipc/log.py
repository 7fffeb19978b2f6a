# SPDX-License-Identifier: Apache-2.0
"""structlog, set up once: JSON lines, or readable ones on a terminal.

Events are named noun_verb. Nothing is logged per sample: one line per change of
state, and one canonical line a minute per process. Lines go to stderr.
"""

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from ipc.clock import NS_PER_S, Clock
from ipc.config import LogFormat, LogTable

Logger = FilteringBoundLogger

Event = MutableMapping[str, Any]
"""A line as data: its fields, with its name under "event"."""


def set_up(table: LogTable, *, process: str) -> Logger:
    """Configure structlog for this process and give its logger."""
    readable = table.format is LogFormat.CONSOLE or (
        table.format is LogFormat.AUTO and sys.stderr.isatty()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _console() if readable else structlog.processors.JSONRenderer(_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[table.level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logger: Logger = structlog.get_logger()
    return logger if readable else logger.bind(process=process)


def capture() -> tuple[Logger, list[Event]]:
    """Give a logger that writes nothing, and the list in which its lines end up."""
    lines: list[Event] = []

    def keep(_logger: object, _name: str, event: Event) -> Event:
        lines.append(dict(event))
        raise structlog.DropEvent

    logger: Logger = structlog.wrap_logger(
        None,
        processors=[structlog.processors.add_log_level, keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )
    return logger, lines


class RateLimit:
    """Lets one line of each key through per interval and counts the others.

    Keys come from the configuration (a meter, a bus, a topic), so the table stays
    as small as the configuration is.
    """

    def __init__(self, clock: Clock, *, interval_s: float = 60.0) -> None:
        self._clock = clock
        self._interval_ns = int(interval_s * NS_PER_S)
        self._last: dict[str, int] = {}
        self._held: dict[str, int] = {}

    def __call__(
        self, key: str, log: Callable[..., Any], event: str, **fields: object
    ) -> None:
        """Call log(event, **fields) unless this key spoke within the interval."""
        now = self._clock.monotonic_ns()
        last = self._last.get(key)
        if last is not None and now - last < self._interval_ns:
            self._held[key] = self._held.get(key, 0) + 1
            return
        self._last[key] = now
        held = self._held.pop(key, 0)
        log(event, **fields, **({"held_back": held} if held else {}))

    def forget(self, key: str) -> None:
        """Let the next line of this key through: its state has changed."""
        self._last.pop(key, None)
        self._held.pop(key, None)


def _console() -> Processor:
    width = 24  # by position: structlog 24 knows it by another name than 26
    return structlog.dev.ConsoleRenderer(width, colors=sys.stderr.isatty())


def _dumps(event: MutableMapping[str, Any], **_: Any) -> str:  # noqa: ANN401 - structlog's contract
    return msgspec.json.encode(event, enc_hook=str).decode()

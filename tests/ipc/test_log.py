# SPDX-License-Identifier: Apache-2.0
"""The log: JSON lines where nobody looks on, and no flood."""

import msgspec
import pytest
import structlog

from ipc import log
from ipc.config import LogFormat, LogLevel, LogTable
from tests.fakes import FakeClock, FakeLog


@pytest.fixture(autouse=True)
def _structlog_as_it_was():
    yield
    structlog.reset_defaults()


def test_without_a_terminal_a_line_is_json_with_process_level_and_time(capsys):
    logger = log.set_up(LogTable(), process="sampler")
    logger.info("port_opened", port="/dev/x")
    line = msgspec.json.decode(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "process": "sampler",
        "event": "port_opened",
        "level": "info",
        "port": "/dev/x",
    }


def test_a_person_gets_readable_lines(capsys):
    logger = log.set_up(LogTable(format=LogFormat.CONSOLE), process="sampler")
    logger.info("port_opened", port="/dev/x")
    written = capsys.readouterr().err
    assert "port_opened" in written
    assert not written.startswith("{")


def test_what_is_below_the_level_is_not_written(capsys):
    logger = log.set_up(LogTable(level=LogLevel.WARNING), process="sampler")
    logger.info("port_opened")
    logger.warning("port_lost")
    assert capsys.readouterr().err.count("\n") == 1


def test_a_line_is_held_back_within_the_interval_and_then_counted():
    clock, lines = FakeClock(), FakeLog()
    limit = log.RateLimit(clock, interval_s=60)
    for _ in range(3):
        limit("key", lines.warning, "meter_fails")
    limit("other", lines.warning, "meter_fails")
    clock.advance(60)
    limit("key", lines.warning, "meter_fails")
    assert [fields for _, _, fields in lines.lines] == [{}, {}, {"held_back": 2}]


def test_a_forgotten_key_speaks_at_once():
    lines = FakeLog()
    limit = log.RateLimit(FakeClock())
    limit("key", lines.warning, "meter_fails")
    limit.forget("key")
    limit("key", lines.warning, "meter_fails")
    assert lines.events() == ["meter_fails", "meter_fails"]

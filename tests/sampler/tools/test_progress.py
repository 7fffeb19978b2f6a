# SPDX-License-Identifier: Apache-2.0
"""How far a search is, on a terminal and elsewhere."""

import builtins
import sys

from sampler.tools import progress


def pretend_terminal(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")


def go_through(total):
    with progress.shown(total) as shown:
        for done in range(1, total + 1):
            shown.at(done, f"unit {done}")
        shown.say("a meter answers")


def test_elsewhere_each_tenth_of_the_way_is_a_line(capsys):
    go_through(1000)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == " 10 %  unit 100"
    assert lines[9] == "100 %  unit 1000"
    assert lines[10:] == ["a meter answers"]


def test_a_short_search_is_no_more_lines_than_probes(capsys):
    go_through(3)
    assert len(capsys.readouterr().err.splitlines()) == 4


def test_on_a_terminal_there_is_a_bar_and_nothing_on_stdout(capsys, monkeypatch):
    pretend_terminal(monkeypatch)
    go_through(20)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "100%" in shown.err
    assert "a meter answers" in shown.err


def test_without_rich_a_terminal_gets_lines(capsys, monkeypatch):
    pretend_terminal(monkeypatch)
    original = builtins.__import__

    def without_rich(name, *args, **kwargs):
        if name.startswith("rich"):
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_rich)
    go_through(10)
    assert capsys.readouterr().err.startswith(" 10 %  unit 1\n")

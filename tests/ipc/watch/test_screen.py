# SPDX-License-Identifier: Apache-2.0
"""Only changed lines are sent, and what stands on the terminal is the picture."""

import os
import pty
import re
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.watch.screen import Terminal, keys_at_once
from ipc.watch.text import Style, line, plain

HEIGHT, WIDTH = 5, 80
texts = st.text(max_size=10) | st.integers(WIDTH - 3, WIDTH + 3).map("x".__mul__)
pictures = st.lists(
    st.lists(
        st.tuples(texts, st.sampled_from(Style)).map(lambda part: (part,)),
        min_size=HEIGHT,
        max_size=HEIGHT,
    ),
    min_size=1,
    max_size=5,
)


class Glass:
    """What a terminal shows: cursor to a line, text, erase to its end."""

    def __init__(self):
        self.lines = [" " * WIDTH] * HEIGHT

    def take(self, sent):
        sent = re.sub(r"\x1b\[[0-9;]*m", "", sent)
        found = re.findall(r"\x1b\[(\d+);1H([^\x1b]*)(\x1b\[K)?", sent)
        for row, text, erases in found:
            shown = text + self.lines[int(row) - 1][len(text) :]
            # Behind a full line the cursor stands on its last character still.
            cursor = min(len(text), WIDTH - 1)
            self.lines[int(row) - 1] = shown[:cursor].ljust(WIDTH) if erases else shown


class Pipe:
    """A terminal's place, of the usual size because it has none."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self.terminal = Terminal(self.writer)

    def sent(self):
        try:
            return os.read(self.reader, 100_000).decode()
        except BlockingIOError:
            return ""

    def close(self):
        os.close(self.reader)
        os.close(self.writer)


@pytest.fixture
def pipe():
    made = Pipe()
    yield made
    made.close()


@given(pictures)
def test_the_terminal_shows_the_newest_picture(seen):
    pipe, glass = Pipe(), Glass()
    for picture in seen:
        pipe.terminal.draw(picture)
        glass.take(pipe.sent())
        shown = [plain(each)[:WIDTH].ljust(WIDTH) for each in picture]
        assert glass.lines == shown
    pipe.close()


def test_what_has_not_changed_is_not_sent_again(pipe):
    picture = [line("a" * 70)] * HEIGHT
    assert pipe.terminal.draw(picture) > 350
    assert pipe.terminal.draw(picture) == 0
    assert pipe.terminal.draw([*picture[:-1], line("b")]) < 20


def test_after_forgetting_all_of_it_is_sent(pipe):
    picture = [line("a")] * HEIGHT
    size = pipe.terminal.draw(picture)
    pipe.terminal.forget()
    assert pipe.terminal.draw(picture) == size


def test_the_users_screen_is_left_alone_and_comes_back(pipe):
    with pipe.terminal:
        assert "\x1b[?1049h" in pipe.sent()
    left = pipe.sent()
    assert "\x1b[?1049l" in left
    assert "\x1b[?25h" in left


def test_a_terminal_that_is_gone_does_not_hinder_the_end(pipe):
    terminal = pipe.terminal
    os.close(pipe.reader)
    with pytest.raises(BrokenPipeError):
        terminal.__enter__()
    terminal.__exit__()
    pipe.reader = os.open(os.devnull, os.O_RDONLY)


def test_a_resized_terminal_is_drawn_anew():
    ours, theirs = pty.openpty()
    try:
        terminal, picture = Terminal(theirs), [line("a" * 100)] * HEIGHT
        termios.tcsetwinsize(theirs, (24, 80))
        terminal.draw(picture)
        termios.tcsetwinsize(theirs, (50, 90))
        assert terminal.size() == (90, 50)
        assert terminal.draw(picture) > HEIGHT * 90
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_console_that_does_not_know_its_size_has_the_usual_one():
    ours, theirs = pty.openpty()
    try:
        termios.tcsetwinsize(theirs, (0, 0))
        assert Terminal(theirs).size() == (80, 24)
        termios.tcsetwinsize(theirs, (1, 1))
        assert Terminal(theirs).size() == (40, 6)
    finally:
        os.close(ours)
        os.close(theirs)


def test_keys_come_at_once_and_the_line_is_as_before_in_the_end():
    ours, theirs = pty.openpty()
    try:
        before = termios.tcgetattr(theirs)
        with keys_at_once(theirs):
            os.write(ours, b"q")
            assert os.read(theirs, 1) == b"q"
            during = termios.tcgetattr(theirs)
            assert during[6][termios.VSUSP] == b"\0"
            assert during[3] & termios.ISIG  # Ctrl-C stays a signal
        assert termios.tcgetattr(theirs) == before
    finally:
        os.close(ours)
        os.close(theirs)

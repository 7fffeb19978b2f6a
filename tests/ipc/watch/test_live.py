# SPDX-License-Identifier: Apache-2.0
"""The live view's loop: keys at once, looks in time, an end whatever happens."""

import os

import pytest

from ipc.clock import SystemClock
from ipc.stop import Stop
from ipc.watch.live import Live, repeat
from ipc.watch.screen import Terminal
from tests.ipc.watch.reports import report


class Case:
    """A view on a pipe, with another pipe for a keyboard."""

    def __init__(self, *, refresh_s=3600.0, keys=True):
        self.stop = Stop()
        self.clock = SystemClock(self.stop)
        self.typed, self.keyboard = os.pipe()
        self.screen, self.drawn = os.pipe()
        self.looks = 0
        self.live = Live(
            self._look,
            terminal=Terminal(self.drawn),
            keys=self.typed if keys else None,
            refresh_s=refresh_s,
            clock=self.clock,
            stop=self.stop,
        )

    def _look(self):
        self.looks += 1
        if self.looks == 3:
            self.stop.request()
        return report(mono_ns=self.clock.monotonic_ns())

    def run(self, keys=b""):
        os.write(self.keyboard, keys)
        self.live.run()
        return os.read(self.screen, 100_000).decode()

    def close(self):
        for fd in (self.typed, self.keyboard, self.screen, self.drawn):
            os.close(fd)
        self.stop.close()


class NoSelector:
    """Takes a descriptor out, as a selector does."""

    def __init__(self):
        self.out = []

    def unregister(self, fd):
        self.out.append(fd)


@pytest.fixture
def start():
    made = []

    def of(**options):
        made.append(Case(**options))
        return made[-1]

    yield of
    for each in made:
        each.close()


def test_a_key_is_answered_without_another_look(start):
    case = start()
    shown = case.run(b"3q")
    assert "all of its period" not in shown
    assert case.looks == 1


def test_q_ends_it_and_nothing_before_it_is_lost(start):
    case = start()
    case.run(b"\x1b[B\x1b[C?\x0cq")
    assert case.live._view.is_help
    assert case.live._view.meter == 1


def test_it_looks_again_when_it_is_time(start):
    case = start(refresh_s=0.001)
    case.run()
    assert case.looks == 3


def test_redraw_sends_all_of_it_again(start):
    case, told = start(), report()
    case.live._draw(told)
    first = os.read(case.screen, 100_000)
    os.write(case.keyboard, b"\x0c")
    case.live._hear(NoSelector(), told)
    case.live._draw(told)
    assert os.read(case.screen, 100_000) == first


def test_without_a_keyboard_it_runs_until_the_stop(start):
    case = start(refresh_s=0.001, keys=False)
    case.run()
    assert case.looks == 3


def test_a_keyboard_that_is_gone_does_not_make_it_spin(start):
    case = start(refresh_s=0.02)
    os.close(case.keyboard)
    case.keyboard = os.open(os.devnull, os.O_RDONLY)
    drawn, draw = [], case.live._draw
    case.live._draw = lambda told: (drawn.append(told), draw(told))
    case.live.run()
    # The first picture, one for the end of the keyboard, one for each further look.
    assert len(drawn) <= 1 + 1 + 2


def test_a_keyboard_that_fails_is_one_that_is_gone(start):
    case, selector = start(), NoSelector()
    os.close(case.typed)
    case.typed = case.live._keys = os.open("/", os.O_RDONLY)  # cannot be read
    case.live._hear(selector, report())
    assert selector.out == [case.typed]


def test_a_terminal_that_is_gone_is_the_end(start):
    case = start()
    os.close(case.screen)
    case.screen = os.open(os.devnull, os.O_RDONLY)
    case.live.run()
    assert case.looks == 1


def test_a_stop_while_it_draws_is_the_end(start):
    case = start()
    case.stop.request()
    case.live._draw(report())
    case.live.run()
    assert case.looks == 1


def test_repeat_shows_what_it_sees_until_the_stop():
    stop, seen = Stop(), []
    clock = SystemClock(stop)

    def show(number):
        seen.append(number)
        if len(seen) == 3:
            stop.request()

    last = repeat(lambda: len(seen), show, refresh_s=0.001, clock=clock, stop=stop)
    assert (seen, last) == ([0, 1, 2], 2)
    stop.close()

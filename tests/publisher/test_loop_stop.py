# SPDX-License-Identifier: Apache-2.0
"""The publisher's loop at its end: a stop is seen at once, and nothing follows it."""

import contextlib
import selectors

import pytest

from ipc.config import PublishTable
from ipc.notify import Notify
from ipc.stop import Stop
from ipc.wake import Wake
from publisher.loop import Loop
from tests.fakes import FakeBroker, FakeClock, FakeLog
from tests.publisher.parts import Unwatched, everest_of, report_of, unsigned


@pytest.fixture
def at_its_edges(tmp_path):
    """Give a loop on a real selector, with what it is made of."""
    with contextlib.ExitStack() as closing:
        selector = closing.enter_context(selectors.DefaultSelector())
        stop, log, clock = Stop(), FakeLog(), FakeClock()
        closing.callback(stop.close)
        broker = FakeBroker()
        loop = Loop(
            PublishTable(),
            feeds=[],
            broker=broker,
            everest=everest_of(clock=clock, log=log),
            **unsigned(clock, log),
            selector=selector,
            wake=closing.enter_context(Wake(tmp_path)),
            report=report_of(clock, log),
            status=Unwatched(),
            notify=Notify({}, clock=clock),
            clock=clock,
            stop=stop,
        )
        yield loop, stop, log, broker


def test_a_stop_ends_the_wait_and_nothing_is_done_after_it(at_its_edges):
    loop, stop, log, broker = at_its_edges
    loop.step()  # whatever was due at the start

    def unexpected(_events):
        pytest.fail("the broker was served after the stop")

    broker.service = unexpected
    stop.request()
    loop.step()
    loop.run()
    assert log.events() == ["values_published"]


def test_a_stop_while_it_runs_ends_it(at_its_edges):
    loop, stop, log, broker = at_its_edges
    broker.service = lambda _events: stop.request()
    loop.run()
    assert log.events()[-1] == "values_published"

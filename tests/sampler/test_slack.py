# SPDX-License-Identifier: Apache-2.0
"""The time between two ticks: commands are taken, operations done, the tick kept."""

import subprocess
import sys
import threading

import pytest

from ipc.channel import ChannelClient, ChannelServer
from ipc.clock import SystemClock
from ipc.commands import ConfirmRecord, Done, FailureKind, GetIdentity
from ipc.sample import Quality
from ipc.stop import Stop
from ipc.units import NS_PER_MS, NS_PER_S
from sampler.arbiter import Arbiter, Charge
from sampler.fault import Fault
from sampler.operation import Read, Write
from sampler.slack import Slack
from sampler.verbreport import VerbReport
from sampler.wire import Wire
from tests.fakes import FakeLog


class Registers:
    """A bus that takes no time, of one meter: what is written is read."""

    def __init__(self):
        self.held = {}
        self.is_gone = False

    def read(self, unit_id, block):
        assert (unit_id, block.function_code) == (1, 3)
        return self.held.get(block.address, bytes(2 * block.count))

    def write(self, unit_id, address, data):
        assert unit_id == 1
        if self.is_gone:
            return Fault(kind=Quality.NO_PORT, detail="unplugged")
        self.held[address] = data
        return None


class TwoSteps:
    """A signer whose every verb writes a register and reads it back."""

    def __init__(self):
        self.heard = []

    def perform(self, _command):
        self.heard.append((yield Write(address=7, data=b"\0\x2a")))
        self.heard.append((yield Read(function_code=3, address=7, count=1)))
        return Done()


class Answering:
    is_answering = True

    def doubt(self):
        raise AssertionError


class Bench:
    def __init__(self, path):
        self.stop = Stop()
        self.clock = SystemClock(self.stop)
        self.channel = ChannelServer(path)
        self.client = ChannelClient(path, self.clock)
        self.log, self.watched = FakeLog(), []
        self.bus, self.signer = Registers(), TwoSteps()
        charge = Charge(
            unit_id=1, turnaround_s=0.0, signer=self.signer, asked=Answering()
        )
        self.slack = Slack(
            arbiter=Arbiter({"a": charge}, Wire(baudrate=115_200, bits=10)),
            channel=self.channel,
            bus=self.bus,
            report=VerbReport(
                log=self.log, clock=self.clock, watcher=self.watched.append
            ),
            clock=self.clock,
            stop=self.stop,
        )

    def use(self, *, until_s, deadline_s=None):
        now_ns = self.clock.monotonic_ns()
        deadline_s = until_s if deadline_s is None else deadline_s
        self.slack.use(
            now_ns + round(until_s * NS_PER_S),
            deadline_ns=now_ns + round(deadline_s * NS_PER_S),
        )

    def until_answered(self):
        """Give it slack after slack until there is an answer; give that."""
        while not (answers := self.client.service()):
            self.use(until_s=0.05)
        [answer] = answers
        return answer

    def close(self):
        self.client.close()
        self.channel.close()
        self.stop.close()


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "bus.sock")
    yield bench
    bench.close()


def test_a_command_is_done_and_answered_within_the_slack(bench):
    number = bench.client.call("a", GetIdentity(), 5)
    answer = bench.until_answered()
    assert (answer.number, answer.outcome) == (number, Done())
    assert bench.signer.heard == [b"", b"\0\x2a"]
    assert bench.watched == ["GetIdentity of a", None]


def test_a_command_that_comes_while_it_waits_wakes_it(bench):
    thread = threading.Thread(target=lambda: bench.use(until_s=30))
    thread.start()
    bench.client.call("a", GetIdentity(), 5)
    while not bench.client.service():
        bench.clock.wait_until(bench.clock.monotonic_ns() + NS_PER_MS)
    bench.stop.request()  # which wakes it too
    thread.join()
    assert bench.signer.heard == [b"", b"\0\x2a"]


def test_it_returns_when_the_time_has_come_and_not_before(bench):
    begin_ns = bench.clock.monotonic_ns()
    bench.use(until_s=0.03)
    assert bench.clock.monotonic_ns() >= begin_ns + 30 * NS_PER_MS


def test_nothing_is_begun_that_outlasts_the_deadline_and_all_is_done_later(bench):
    bench.client.call("a", GetIdentity(), 5)
    bench.use(until_s=0.004)
    assert bench.signer.heard == []
    assert bench.client.service() == []
    assert bench.until_answered().outcome == Done()


def test_a_fault_is_handed_to_the_procedure(bench):
    bench.bus.is_gone = True
    bench.client.call("a", ConfirmRecord(), 5)
    bench.until_answered()
    assert bench.signer.heard[0].kind is Quality.NO_PORT


def test_a_command_to_no_meter_of_ours_is_answered_too(bench):
    bench.client.call("b", GetIdentity(), 5)
    answer = bench.until_answered()
    assert answer.outcome.kind is FailureKind.NOT_SUPPORTED


LOADED = """
import sys
import sampler.assembly, sampler.bus, sampler.check, sampler.loop, sampler.report
print([name for name in ("ipc.commands", "sampler.arbiter") if name in sys.modules])
"""


def test_a_bus_without_a_meter_that_signs_loads_nothing_of_this():
    command = [sys.executable, "-c", LOADED]
    assert subprocess.check_output(command, text=True) == "[]\n"

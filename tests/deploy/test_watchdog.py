# SPDX-License-Identifier: Apache-2.0
"""supervisord's watchdog: whom it kills, whom it revives, whom it leaves alone."""

import io
import os
import socket
import subprocess
import sys

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from deploy.demo.parts import ROOT
from deploy.supervisord.watchdog import (
    URL,
    Ear,
    Listener,
    Order,
    Process,
    Supervisor,
    Watch,
)
from ipc.notify import Notify
from ipc.stop import Stop
from ipc.units import NS_PER_S
from tests.fakes import FakeClock, FakeLog

SILENCE = {"powermeter-sampler": 10.0, "powermeter-publisher": 60.0}


def process(name="powermeter-sampler-rs485", state="RUNNING", pid=7):
    return Process(group=name, name=name, statename=state, pid=pid)


def orders(watch, now_s, *processes):
    judged = watch.judge(processes, round(now_s * NS_PER_S))
    return [(found.name, order) for found, order in judged]


@pytest.fixture
def watch():
    return Watch(SILENCE)


def test_a_process_that_beats_is_left_alone(watch):
    for now_s in range(0, 100, 5):
        watch.heard(7, now_s * NS_PER_S)
        assert orders(watch, now_s + 1, process()) == []


def test_a_process_that_falls_silent_is_killed_after_its_silence(watch):
    watch.heard(7, 0)
    assert orders(watch, 10, process()) == []
    [(name, order)] = orders(watch, 10.1, process())
    assert (name, order) == ("powermeter-sampler-rs485", Order.KILL)


def test_each_program_has_the_silence_of_its_name(watch):
    both = (process(pid=7), process("powermeter-publisher", pid=8))
    assert orders(watch, 0, *both) == []
    assert [name for name, _ in orders(watch, 59, *both)] == [both[0].name]
    assert [name for name, _ in orders(watch, 61, *both)] == [p.name for p in both]


def test_a_process_that_never_beats_has_its_silence_from_when_it_was_first_seen(watch):
    assert orders(watch, 1000, process(state="STARTING")) == []
    assert orders(watch, 1009, process()) == []
    assert orders(watch, 1011, process()) != []


def test_the_successor_of_a_killed_one_begins_anew(watch):
    orders(watch, 0, process(pid=7))
    assert orders(watch, 11, process(pid=7)) != []
    assert orders(watch, 16, process(pid=9)) == []


def test_what_supervisord_has_given_up_is_started(watch):
    [(_, order)] = orders(watch, 0, process(state="FATAL", pid=0))
    assert order is Order.START


@pytest.mark.parametrize("state", ["STOPPED", "BACKOFF", "STOPPING", "EXITED"])
def test_what_supervisord_takes_care_of_is_left_to_it(watch, state):
    for now_s in (0, 1000):
        assert orders(watch, now_s, process(state=state, pid=0)) == []


@pytest.mark.parametrize("state", ["FATAL", "RUNNING"])
def test_programs_of_others_are_none_of_its_business(watch, state):
    for now_s in (0, 1000):
        assert orders(watch, now_s, process("everest", state=state)) == []


class Beats(RuleBasedStateMachine):
    """Whatever beats, ends and starts: who beats in time is never killed."""

    @initialize()
    def begin(self):
        self.watch = Watch(SILENCE)
        self.now_s = 0.0
        self.running: dict[int, float] = {}
        self.pids = 0

    @rule()
    def start(self):
        self.pids += 1
        self.running[self.pids] = self.now_s

    @rule(pid=st.integers(1, 20))
    def end(self, pid):
        self.running.pop(pid, None)

    @rule(pid=st.integers(1, 20))
    def beat(self, pid):
        self.watch.heard(pid, round(self.now_s * NS_PER_S))
        if pid in self.running:
            self.running[pid] = self.now_s

    @rule(seconds=st.floats(0.1, 5))
    def look(self, seconds):
        self.now_s += seconds
        found = [process(pid=pid) for pid in self.running]
        judged = self.watch.judge(found, round(self.now_s * NS_PER_S))
        killed = {process.pid for process, _ in judged}
        for pid, beat_s in self.running.items():
            silent_s = self.now_s - beat_s
            # First seen up to five seconds after it was started.
            if silent_s > 15.1:
                assert pid in killed
            if silent_s < 9.9:
                assert pid not in killed
        for pid in killed:
            del self.running[pid]
        assert set(self.watch._heard_ns) <= {process.pid for process in found}

    @invariant()
    def strangers_do_not_pile_up(self):
        assert len(self.watch._heard_ns) <= 40


TestBeats = Beats.TestCase


@pytest.fixture
def ear(tmp_path):
    ear = Ear(tmp_path / "notify")
    yield ear
    ear.close()


def test_a_beat_comes_with_the_pid_that_the_kernel_vouches_for(ear, tmp_path):
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    notify = Notify(
        environment | {"WATCHDOG_USEC": "10000000"}, clock=FakeClock(mono_ns=NS_PER_S)
    )
    notify.ready("good")
    notify.alive()
    assert list(ear.drain()) == [os.getpid()]
    assert list(ear.drain()) == []
    notify.close()


@pytest.mark.parametrize(
    "noise", [b"", b"READY=1", b"XWATCHDOG=1", b"WATCHDOG=10", b"\xff" * 9000]
)
def test_noise_is_no_beat(ear, tmp_path, noise):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(noise, str(tmp_path / "notify"))
    assert list(ear.drain()) == []


def test_a_socket_that_a_killed_one_left_is_replaced(tmp_path):
    Ear(tmp_path / "notify").close()
    assert (tmp_path / "notify").is_socket()
    successor = Ear(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"WATCHDOG=1", str(tmp_path / "notify"))
    assert list(successor.drain()) == [os.getpid()]
    successor.close()


def test_without_supervisord_it_says_so_and_goes_on_listening(ear, tmp_path):
    logger, stop = FakeLog(), Stop()
    listener = Listener(
        Watch(SILENCE),
        ear=ear,
        supervisor=Supervisor(f"unix://{tmp_path}/nobody"),
        clock=FakeClock(),
        logger=logger,
    )
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as to_it, os.fdopen(reader, "rb") as events:
        to_it.write(b"ver:3.0 eventname:TICK_5 len:15\nwhen:1201063880")
        to_it.close()
        answers = io.BytesIO()
        listener.run(events, answers, stop)  # it ends with supervisord's end
    assert answers.getvalue() == b"READY\nRESULT 2\nOKREADY\n"
    assert logger.events() == ["supervisord_unreachable"]
    stop.close()


@pytest.mark.slow
@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9001"])
def test_started_by_hand_it_says_what_it_is_for(tmp_path, url):
    command = [sys.executable, "-m", "deploy.supervisord.watchdog"]
    done = subprocess.run(
        [*command, "--socket", tmp_path / "notify", "x=1"],
        cwd=ROOT,
        env=os.environ | {URL: url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "[unix_http_server]" in done.stderr
    assert list(tmp_path.iterdir()) == []

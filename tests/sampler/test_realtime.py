# SPDX-License-Identifier: Apache-2.0
"""Real-time rights: taken where they are given, done without where they are not."""

import ctypes
import gc
import os
import resource
import sys
import threading

import pytest

from ipc.config import RealtimeTable
from sampler import realtime
from tests.fakes import FakeLog

PR_GET_TIMERSLACK = 30


@pytest.fixture
def forked():
    """Run a function in a child process: what it asks of the kernel dies with it."""

    def run(function) -> None:
        child = os.fork()
        if child == 0:
            try:
                function()
            except BaseException as error:  # noqa: BLE001 - the child tells all
                sys.__stderr__.write(f"{error!r}\n")
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0

    return run


def test_by_default_only_what_needs_no_rights_is_asked(in_a_thread):
    log, _ = in_a_thread(RealtimeTable())
    [(level, event, fields)] = log.lines
    assert (level, event) == ("info", "realtime_granted")
    assert fields["what"] == "timer slack 1 us"


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (RealtimeTable(priority=10), "priority 10"),
        (RealtimeTable(lock_memory=True), "locked memory"),
    ],
)
def test_what_the_kernel_refuses_is_one_line_with_its_remedy(forked, table, what):
    def without_rights():
        for limit in (resource.RLIMIT_RTPRIO, resource.RLIMIT_MEMLOCK):
            resource.setrlimit(limit, (0, 0))
        if os.geteuid() == 0:
            os.setuid(65534)
        log = FakeLog()
        realtime.prepare(table, log)
        [(level, event, fields)] = [it for it in log.lines if it[2]["what"] == what]
        assert (level, event) == ("warning", "realtime_refused")
        assert "leave realtime." in fields["remedy"]

    forked(without_rights)


@pytest.fixture
def in_a_thread():
    """Prepare in a thread of its own: scheduling, processors and slack end with it."""

    def prepare(table: RealtimeTable, look=lambda: None):
        log, seen = FakeLog(), []

        def run():
            realtime.prepare(table, log)
            seen.append(look())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return log, seen[0]

    return prepare


def test_what_is_refused_does_not_keep_the_rest_from_being_asked(in_a_thread):
    table = RealtimeTable(priority=1000, cpus=[1023], freeze_gc=True)
    log, frozen = in_a_thread(table, gc.get_freeze_count)
    gc.unfreeze()
    assert log.events() == [*["realtime_refused"] * 2, *["realtime_granted"] * 2]
    assert frozen > 0


def test_one_processor_and_a_short_slack_need_no_rights(in_a_thread):
    cpu = min(os.sched_getaffinity(0))
    log, (cpus, slack_ns) = in_a_thread(
        RealtimeTable(cpus=[cpu], timer_slack_us=7),
        lambda: (os.sched_getaffinity(0), ctypes.CDLL(None).prctl(PR_GET_TIMERSLACK)),
    )
    assert log.events() == ["realtime_granted", "realtime_granted"]
    assert cpus == {cpu}
    assert slack_ns == 7000


def test_locked_memory_is_granted_or_refused_in_one_line(in_a_thread):
    log, _ = in_a_thread(RealtimeTable(lock_memory=True))
    realtime._call("munlockall")
    [event] = [event for _, event, it in log.lines if it["what"] == "locked memory"]
    assert event in ("realtime_granted", "realtime_refused")


def test_a_c_library_without_a_function_is_a_refusal():
    with pytest.raises(OSError, match="has no no_such_function"):
        realtime._call("no_such_function")


def test_a_call_that_fails_says_why():
    with pytest.raises(OSError, match="prctl: Invalid argument"):
        realtime._call("prctl", 2**31, 0, 0, 0, 0)

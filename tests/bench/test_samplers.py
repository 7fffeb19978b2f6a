# SPDX-License-Identifier: Apache-2.0
"""The processes that are measured: looked at, stopped, and never left so."""

import contextlib
import os
import subprocess
import sys

import pytest

from tests.bench.counters import counters, pss_mb
from tests.bench.samplers import _stopped


@contextlib.contextmanager
def waiting():
    """Have a process that waits."""
    program = "import sys; sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE
    ) as process:
        yield process.pid
        process.stdin.close()


def test_a_process_is_stopped_and_goes_on_even_if_the_round_fails():
    def fail():
        with _stopped([pid]):
            assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
            raise ZeroDivisionError

    with waiting() as pid:
        with pytest.raises(ZeroDivisionError):
            fail()
        assert os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1])


def test_what_the_kernel_counts_of_a_process_only_grows():
    before, after = counters(os.getpid()), counters(os.getpid())
    assert before.keys() == {"cpu_ns", "wakeups", "written_bytes"}
    assert all(before[name] <= after[name] for name in before)
    assert after["cpu_ns"] > 0


def test_memory_is_counted_in_megabytes():
    assert 1 < pss_mb(os.getpid()) < 2000

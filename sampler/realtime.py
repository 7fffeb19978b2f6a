# SPDX-License-Identifier: Apache-2.0
"""What the sampler asks of the kernel to be on time.

It goes on without what it is refused, and says so in one line. Under load SCHED_FIFO is what keeps a tick punctual. The rest is small: locked memory
saves page faults, frozen objects save the garbage collector's longest pause, a short
timer slack saves 50 us a wait.
"""

import ctypes
import gc
import os
from collections.abc import Callable, Iterator

from ipc.config import RealtimeTable
from ipc.log import Logger
from ipc.units import NS_PER_US

PR_SET_TIMERSLACK = 29
"""Linux, include/uapi/linux/prctl.h."""

MCL_CURRENT, MCL_FUTURE = 1, 2
"""Linux, include/uapi/asm-generic/mman.h."""

Step = Callable[[], None]


def prepare(table: RealtimeTable, log: Logger) -> None:
    """Ask for everything the table names, once all parts are built.

    Never raises for what the kernel refuses: a late sample is better than none.
    """
    for name, step, remedy in _steps(table):
        try:
            step()
        except OSError as error:
            log.warning("realtime_refused", what=name, detail=str(error), remedy=remedy)
        else:
            log.info("realtime_granted", what=name)


def _steps(table: RealtimeTable) -> Iterator[tuple[str, Step, str]]:
    """Give what is asked for, each with what to do when it is refused."""
    if table.priority is not None:
        scheduling = os.sched_param(table.priority)
        yield (
            f"priority {table.priority}",
            lambda: os.sched_setscheduler(0, os.SCHED_FIFO, scheduling),
            "grant CAP_SYS_NICE or LimitRTPRIO, or leave realtime.priority out",
        )
    if table.cpus is not None:
        cpus = table.cpus
        yield (
            f"cpus {cpus}",
            lambda: os.sched_setaffinity(0, cpus),
            "name processors this machine has in realtime.cpus",
        )
    if table.timer_slack_us is not None:
        slack_ns = table.timer_slack_us * NS_PER_US
        yield (
            f"timer slack {table.timer_slack_us} us",
            lambda: _call("prctl", PR_SET_TIMERSLACK, slack_ns, 0, 0, 0),
            "leave realtime.timer_slack_us out",
        )
    if table.lock_memory:
        yield (
            "locked memory",
            lambda: _call("mlockall", MCL_CURRENT | MCL_FUTURE),
            "grant CAP_IPC_LOCK or LimitMEMLOCK, or leave realtime.lock_memory out",
        )
    if table.freeze_gc:
        yield "frozen objects", _freeze, ""


def _call(name: str, *arguments: int) -> None:
    """Call a function of the C library that Python does not offer."""
    library = ctypes.CDLL(None, use_errno=True)
    try:
        function = getattr(library, name)
    except AttributeError:
        raise OSError(f"this C library has no {name}") from None
    if function(*map(ctypes.c_ulong, arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _freeze() -> None:
    """Collect what start-up has dropped, and never look at the rest again."""
    gc.collect()
    gc.freeze()

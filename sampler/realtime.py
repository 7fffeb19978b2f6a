# SPDX-License-Identifier: Apache-2.0
"""What the sampler asks of the kernel to be on time.

It goes on without what it is refused, and says so in one line. Under load SCHED_FIFO is
what keeps a tick punctual. The rest is small: locked memory saves page faults, frozen
objects save the garbage collector's longest pause, a short timer slack saves 50 us a
wait, of which there are two for every block.
"""

import ctypes
import gc
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from ipc.config import RealtimeTable
from ipc.log import Logger
from ipc.units import NS_PER_US

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
    slack_us = table.timer_slack_us
    yield (
        f"timer slack {slack_us} us",
        lambda: set_timer_slack(slack_us),
        "mount /proc for it, or bear with waits that end 50 us late",
    )
    if table.lock_memory:
        yield (
            "locked memory",
            lambda: _call("mlockall", MCL_CURRENT | MCL_FUTURE),
            "grant CAP_IPC_LOCK or LimitMEMLOCK, or leave realtime.lock_memory out",
        )
    if table.freeze_gc:
        yield "frozen objects", _freeze, ""


def set_timer_slack(slack_us: int) -> None:
    """Say how late the kernel may end a wait of this thread.

    By its file (Linux 4.6, fs/proc/base.c), which needs no library and, for the thread
    itself, no rights. Raises OSError where there is no /proc.
    """
    slack = Path(f"/proc/{threading.get_native_id()}/timerslack_ns")
    slack.write_text(str(slack_us * NS_PER_US))


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

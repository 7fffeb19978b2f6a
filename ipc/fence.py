# SPDX-License-Identifier: Apache-2.0
"""A memory barrier for CPUs that reorder stores (ARM), from the standard library."""

import platform
import threading

from ipc.ring import Fence

# Total store order: a store never overtakes a store, nor a load a load.
_STRONGLY_ORDERED = frozenset({"x86_64", "AMD64", "i386", "i586", "i686", "s390x"})


def for_this_machine() -> Fence | None:
    """Give what the ring needs here: nothing on x86, else a full barrier."""
    return None if platform.machine() in _STRONGLY_ORDERED else full_barrier()


def full_barrier() -> Fence:
    """Make a barrier of a private lock: a release, then an acquire.

    Earlier accesses stay before the release, later ones behind the acquire, and an
    acquire does not overtake a release of the same lock. CPython promises no such
    thing; the ring's correctness does not rest on it, only the promptness of its
    readers and the exactness of their counts do.
    """
    lock = threading.Lock()
    lock.acquire()

    def fence() -> None:
        lock.release()
        lock.acquire()

    return fence

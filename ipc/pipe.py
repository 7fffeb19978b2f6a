# SPDX-License-Identifier: Apache-2.0
"""Whoever reads what a command prints may have seen enough (`| head`): no error."""

import os
import sys
from collections.abc import Callable


def until_closed(work: Callable[[], int]) -> int:
    """Do the work and give its status, or 0 once nobody reads its output any more."""
    try:
        status = work()
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try to flush once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status

# SPDX-License-Identifier: Apache-2.0
"""powermeter-watch as a process."""

import subprocess
import sys


def command(*arguments):
    return [sys.executable, "-m", "ipc", *map(str, arguments)]


def watch(*arguments):
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False
    )

# SPDX-License-Identifier: Apache-2.0
"""What the kernel counts of a process: time, wake-ups, bytes to a disk, memory."""

from pathlib import Path


def counters(pid: int) -> dict[str, int]:
    """Give what grows: CPU time, voluntary switches, bytes to a disk; of one thread."""
    return {
        "cpu_ns": int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]),
        "wakeups": int(_fields(pid, "status")["voluntary_ctxt_switches"]),
        "written_bytes": int(_fields(pid, "io")["write_bytes"]),
    }


def pss_mb(pid: int) -> float:
    """Give its share of the memory, what it shares with others counted in parts."""
    return int(_fields(pid, "smaps_rollup")["Pss"].split()[0]) / 1024


def _fields(pid: int, name: str) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)

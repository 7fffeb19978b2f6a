# SPDX-License-Identifier: Apache-2.0
"""Which machine, which commit, which versions: without them a figure is hearsay."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from deploy.demo.broker import Kind, found
from tests.bench.record import Machine, Record

ROOT = Path(__file__).parents[2]

PACKAGES = (
    "iceoryx2",
    "minimalmodbus",
    "msgspec",
    "orjson",
    "paho-mqtt",
    "py-spy",
    "pydantic",
    "pymodbus",
    "pyserial",
    "pyzmq",
)


def describe(*, is_quick: bool) -> Record:
    """Begin a record, in which nothing is measured yet."""
    return Record(
        started=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        commit=commit(),
        is_quick=is_quick,
        machine=machine(),
        versions=versions(),
        series=[],
        notes=missing(),
    )


def missing() -> list[str]:
    """Say what is not here to be measured beside, and what is done without it."""
    absent = []
    if not importlib.util.find_spec("iceoryx2"):
        absent.append(
            "no iceoryx2 for this machine: the ring is not measured beside it"
        )
    if not shutil.which("cc"):
        absent.append("no C compiler: neither the ring in C nor libmodbus is measured")
    if found() is not Kind.MOSQUITTO:
        absent.append("no mosquitto: the embedded broker stands in, at a price in time")
    return absent


def machine() -> Machine:
    """Describe this machine, without its name."""
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 0,
        kernel=platform.release(),
        load=round(os.getloadavg()[0], 2),
    )


def versions() -> dict[str, str]:
    """Give what was measured with; what is not there is left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """Give the checkout's commit, with a "+" if there are changes to it."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return f"{head}{'+' if _git('status', '--porcelain') else ''}" if head else "none"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - the user's own git
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _cpu() -> str:
    """Give the processor's name; on ARM the kernel calls it by other words."""
    names = ("model name", "Model", "Hardware")
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    found = {key.strip(): value.strip() for key, value in fields.items()}
    return next((found[name] for name in names if name in found), platform.machine())

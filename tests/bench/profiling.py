# SPDX-License-Identifier: Apache-2.0
"""A flame graph of each process at work: where the time goes."""

import contextlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tests.bench import chain
from tests.bench.chain import VALUES, Peer, Settings

SECONDS = 20
RECORD = ("record", "--duration", str(SECONDS), "--rate", "500")
RATE_HZ = 25.0
"""Samples a second: most of what an SDM630 gives at 115200 baud."""


def profile(directory: Path) -> int:
    """Write sampler.svg and publisher.svg; 2 if py-spy is not there or not allowed."""
    py_spy = shutil.which("py-spy", path=sysconfig.get_path("scripts"))
    if py_spy is None:
        print("py-spy is not installed: pip install py-spy", file=sys.stderr)
        return 2
    directory.mkdir(parents=True, exist_ok=True)
    settings = Settings(rate_hz=RATE_HZ, is_prompt=True)
    with (
        tempfile.TemporaryDirectory(prefix="powermeter-bench-") as home,
        chain.running(Path(home), settings) as parts,
        contextlib.closing(Peer(parts.broker, VALUES)) as peer,
    ):
        peer.until(lambda: bool(peer.came))
        recorders = [
            subprocess.Popen(
                [py_spy, *RECORD, "-p", str(pid), "-o", directory / f"{name}.svg"],
                stdout=subprocess.DEVNULL,
            )
            for name, pid in (
                ("sampler", parts.sampler.pid),
                ("publisher", parts.publisher.pid),
            )
        ]
        statuses = [recorder.wait() for recorder in recorders]
    if any(statuses):
        print("py-spy could not look into a process: see above", file=sys.stderr)
        return 2
    print(f"flame graphs of {SECONDS} s: {directory}/sampler.svg, publisher.svg")
    return 0

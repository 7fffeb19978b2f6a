# SPDX-License-Identifier: Apache-2.0
"""A station with one meter, as far as its files go."""

import pytest

from ipc.sample import ABSENT, Sample
from ipc.shm import SegmentWriter

CONFIG = """
[[bus]]
name = "line"
port = "/dev/null"

[[bus.meter]]
name = "grid"
model = "eastron_sdm630"
unit_id = 1
module_id = "pm_1"

[publish]
fresh_s = 60

[ring]
directory = "{directory}"
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(directory=tmp_path))
    return path


@pytest.fixture
def healthy(tmp_path, clock):
    """Give a ring with one sample of this moment."""
    path = tmp_path / "line.ring"
    with SegmentWriter.open(path, capacity=64, clock=clock) as writer:
        now_ns = clock.monotonic_ns()
        writer.write(Sample(0, 0, 0, 0, 0, now_ns, 0, 0, 0, 0, *ABSENT))
        yield writer

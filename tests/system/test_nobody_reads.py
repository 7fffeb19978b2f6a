# SPDX-License-Identifier: Apache-2.0
"""A command whose reader has gone (`| head`) ends in order."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.system
CONFIG = "deploy/config.toml"


@pytest.mark.parametrize(
    "words",
    [
        ("sampler", "models"),
        ("sampler", "check", CONFIG),
        ("publisher", "check", CONFIG),
        ("publisher", "keygen", "{directory}/key.pem"),
    ],
)
def test_a_reader_that_is_gone_is_no_error(words, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    command = [word.format(directory=tmp_path) for word in words]
    try:
        ended = subprocess.run(
            [sys.executable, "-m", *command],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)

    assert (ended.returncode, ended.stderr) == (0, b"")

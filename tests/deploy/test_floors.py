# SPDX-License-Identifier: Apache-2.0
"""deploy/lock/floors.txt holds what pyproject.toml allows at least, and no more.

tests/pythons.sh runs all tests with it, so a floor is a version that was tried.
"""

import re
import shutil
import subprocess
import tomllib

import pytest

from deploy.demo.parts import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
TOOLS = {"bench", "check", "test"}
WANTED = {*PROJECT["dependencies"]}.union(
    *(needs for extra, needs in EXTRAS.items() if extra not in TOOLS)
)


def locked(name):
    text = (ROOT / "deploy" / "lock" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def numbers(version):
    return [int(number) for number in version.split(".")]


@pytest.mark.parametrize("requirement", sorted(WANTED))
def test_each_dependency_is_locked_at_its_floor(requirement):
    name, floor = requirement.split(">=")
    version = numbers(locked("floors")[name])
    assert version[: len(numbers(floor))] == numbers(floor)


@pytest.mark.parametrize("requirement", EXTRAS["test"])
def test_the_tools_of_the_tests_are_the_ones_of_every_run(requirement):
    name = re.split(r"[\[>]", requirement)[0]
    if name != PROJECT["name"]:
        assert locked("floors")[name] == locked("test")[name]


def test_it_names_hashes_and_no_host_and_no_place():
    text = (ROOT / "deploy" / "lock" / "floors.txt").read_text()
    assert text.count("--hash=sha256:") >= len(locked("floors"))
    assert not re.search(r"://|file:|--index|--find-links|@ |(^|\s)/", text)


@pytest.mark.parametrize(
    "script",
    ["tests/pythons.sh", "deploy/yocto/check.sh", "deploy/yocto/tools/update.sh"],
)
def test_the_scripts_are_ones_that_a_plain_posix_shell_reads(script):
    shell = shutil.which("dash") or shutil.which("sh")
    subprocess.run([shell, "-n", ROOT / script], check=True)

# SPDX-License-Identifier: Apache-2.0
"""What is installed on a charger: three packages and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("ipc", "publisher", "sampler")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(
        [*command, "-d", directory], cwd=ROOT, check=True, capture_output=True
    )
    [path] = directory.glob("everest_powermeter-*-py3-none-any.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.mark.slow
def test_the_wheel_holds_exactly_the_three_packages(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.slow
def test_the_wheel_is_typed_and_brings_every_profile(wheel):
    names = set(wheel.namelist())
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    profiles = {f"sampler/meters/{p.name}" for p in ROOT.glob("sampler/meters/*.toml")}
    assert profiles
    assert profiles <= names


@pytest.mark.slow
def test_the_wheel_names_its_commands_and_its_licence(wheel):
    [info] = {n.split("/")[0] for n in wheel.namelist() if ".dist-info/" in n}
    commands = wheel.read(f"{info}/entry_points.txt").decode()
    for command in ("powermeter-publisher", "powermeter-sampler", "powermeter-watch"):
        assert f"\n{command} = " in commands
    assert "License-Expression: Apache-2.0" in wheel.read(f"{info}/METADATA").decode()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_init_files_of_a_package_hold_no_code(package):
    for path in (ROOT / package).rglob("__init__.py"):
        assert path.read_text() == "", path


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "deploy"])
def test_a_file_can_be_held_in_mind_and_says_its_licence_and_purpose(folder):
    for path in (ROOT / folder).rglob("*.py"):
        text = path.read_text()
        if text:
            lines = text.splitlines()
            assert len(lines) <= 300, path
            assert lines[0] == "# SPDX-License-Identifier: Apache-2.0", path
            assert lines[1].startswith('"""'), path

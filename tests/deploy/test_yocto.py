# SPDX-License-Identifier: Apache-2.0
"""The Yocto layer names all that the service needs, and what is really there.

OpenEmbedded splits the standard library into packages, and an import whose package
is not named fails on the charger only. So the imports of the wheel are compared with
what its recipe names. deploy/yocto/check.sh does what needs the package index.
"""

import hashlib
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

from deploy.demo.parts import ROOT
from ipc import config
from tests.deploy import oe

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SERVICE = oe.recipe("everest-powermeter")

OPTIONAL = {
    "prometheus_client": "metrics for Prometheus",
    "rich": "the live view of powermeter-watch",
    "yaml": "powermeter-sampler import-moddef",
}
"""What a charger does without, and what it then lacks."""

SIGNING = "cryptography"
"""Imported by whoever needs a key: the package -signing brings it."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Give the source of each file of the wheel."""
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(
        [*command, "-d", directory], cwd=ROOT, check=True, capture_output=True
    )
    with zipfile.ZipFile(next(directory.glob("*.whl"))) as archive:
        return {
            name: archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith(".py")
        }


def needed(sources):
    """Give the packages that the files import, optional ones and our own aside."""
    found = {module for source in sources for module in oe.imports(source)}
    own = {"ipc", "publisher", "sampler"}
    tops = {module.partition(".")[0] for module in found} - own - {*OPTIONAL, SIGNING}
    return {oe.package_of(top) for top in tops}


def is_simulator(name):
    return name.startswith("sampler/simulator/")


@pytest.mark.slow
def test_the_service_names_each_package_that_it_imports_and_no_other(wheel):
    sources = [source for name, source in wheel.items() if not is_simulator(name)]
    named = oe.names(oe.variables(SERVICE)["RDEPENDS:${PN}"])
    assert named == needed(sources) | {"python3-core"}


@pytest.mark.slow
def test_the_simulator_names_what_it_needs_beyond_the_service(wheel):
    sources = [source for name, source in wheel.items() if is_simulator(name)]
    assert sources
    variables = oe.variables(SERVICE)
    service = oe.names(variables["RDEPENDS:${PN}"])
    named = oe.names(variables["RDEPENDS:${PN}-simulator"])
    assert named == (needed(sources) - service) | {"${PN}"}


@pytest.mark.slow
def test_nothing_of_the_service_needs_the_simulator(wheel):
    for name, source in wheel.items():
        if not is_simulator(name):
            found = oe.imports(source)
            assert not any(each.startswith("sampler.simulator") for each in found), name


@pytest.mark.parametrize("module", ["minimalmodbus", "msgspec", "structlog"])
def test_a_dependency_names_what_it_loads(module):
    """Also what only compiled code imports: a process that imports it is asked."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "sys.modules['rich'] = sys.modules['better_exceptions'] = None\n"
        f"import {module}\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    asked = [sys.executable, "-c", code]
    loaded = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    tops = {name for name in loaded.split() if name in sys.stdlib_module_names}
    packages = {oe.package_of(top) for top in tops}
    for path in oe.LAYER.rglob(f"python3-{module}_*.bb"):
        named = oe.names(oe.variables(path)["RDEPENDS:${PN}"])
        assert packages <= oe.with_all_they_need(named), path


def test_an_image_without_the_simulator_says_so():
    code = (
        "import sys; sys.modules['sampler.simulator'] = None\n"
        "sys.argv = ['powermeter-sampler', 'simulate', 'eastron_sdm630']\n"
        "from sampler.__main__ import main; main()"
    )
    asked = [sys.executable, "-c", code]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "error: simulate is not installed here: " in ended.stderr


def test_signing_needs_the_floor_that_pyproject_names():
    [floor] = PROJECT["optional-dependencies"]["signing"]
    version = floor.removeprefix(f"{SIGNING}>=")
    named = oe.variables(SERVICE)["RDEPENDS:${PN}-signing"]
    assert f"{oe.package_of(SIGNING)} (>= {version})" in named


def test_the_recipe_builds_the_version_that_this_is():
    assert SERVICE.stem == f"{PROJECT['name']}_{PROJECT['version']}"


def numbers(version):
    return [int(number) for number in version.split(".")]


def test_the_recipes_of_dependencies_are_not_below_the_floors():
    floors = dict(floor.split(">=") for floor in PROJECT["dependencies"])
    checked = 0
    for path in oe.LAYER.rglob("python3-*.bb"):
        name, version = path.stem.removeprefix("python3-").split("_")
        assert numbers(version) >= numbers(floors[name]), path
        checked += 1
    assert checked == 4


def test_our_licence_is_the_one_that_the_recipe_knows():
    digest = hashlib.md5((ROOT / "LICENSE").read_bytes(), usedforsecurity=False)
    known = oe.variables(SERVICE)["LIC_FILES_CHKSUM"]
    assert known == f"file://LICENSE;md5={digest.hexdigest()}"


def test_every_file_that_the_recipe_takes_is_there():
    text = SERVICE.read_text()
    taken = re.findall(r"file://(\S+);subdir", text)
    installed = set(re.findall(r"\$\{S\}/(deploy/[\w./-]+)", text))
    installed.discard("deploy/systemd/")
    assert {"deploy/config.toml", "deploy/systemd/50-realtime.conf"} <= installed
    assert all((ROOT / path).exists() for path in [*taken, *installed])


def test_every_file_for_systemd_is_installed_or_done_otherwise():
    otherwise = {"powermeter.sysusers.conf": "inherit features_check"}
    text = SERVICE.read_text()
    for path in (ROOT / "deploy" / "systemd").iterdir():
        word = otherwise.get(path.name, path.name)
        assert word in text, path


def test_the_programs_are_found_where_an_image_has_them():
    for path in (ROOT / "deploy" / "systemd").glob("*.service"):
        [program] = re.findall(r"^ExecStart=(\S+)", path.read_text(), re.MULTILINE)
        assert program.startswith("/opt/powermeter/bin/powermeter-"), path
    assert "s|/opt/powermeter/bin/|${bindir}/|" in SERVICE.read_text()


def test_the_user_of_the_units_is_made_with_the_group_of_serial_ports():
    made = oe.variables(SERVICE)["USERADD_PARAM:${PN}"].split()
    assert made[-1] == "powermeter"
    assert made[made.index("--groups") + 1] == "dialout"
    for path in (ROOT / "deploy" / "systemd").glob("*.service"):
        assert "\nUser=powermeter\n" in path.read_text()


def test_a_process_is_started_for_each_bus_of_the_configuration():
    shipped = config.load(ROOT / "deploy" / "config.toml")
    buses = oe.variables(SERVICE)["POWERMETER_BUSES"].split()
    assert buses == [bus.name for bus in shipped.bus]


def test_imports_are_seen_wherever_they_stand_but_for_the_type_checker():
    source = """
import os.path
if TYPE_CHECKING:
    import rich
else:
    import mmap
def late():
    try:
        from concurrent.futures import Future
    except ImportError:
        import queue
from . import own
"""
    assert oe.imports(source) == {"os.path", "mmap", "concurrent.futures", "queue"}


def test_a_module_that_nobody_placed_is_said():
    with pytest.raises(LookupError, match="which package"):
        oe.package_of("numpy")

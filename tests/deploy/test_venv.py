# SPDX-License-Identifier: Apache-2.0
"""deploy/venv.sh on machines of all kinds, made of a stub interpreter.

The real thing, with the network, is what `sh tests/run.sh` begins with.
"""

import shutil
import signal
import subprocess

import pytest

from deploy.demo.parts import ROOT

pytestmark = pytest.mark.system

SHELL = shutil.which("dash") or shutil.which("sh")
TOOLS = ["cat", "cksum", "cp", "dirname", "flock", "grep", "mkdir", "mv", "rm"]
TOOLS += ["sh", "sleep", "tail"]

STUB = """\
#!/bin/sh
# Stands for a python3.12 and for the one in .venv, and writes down what it is asked.
echo "begin $*" >>"$CALLS"
case "$*" in
"-V") echo Python 3.12.9 ;;
*"import sys"*) exit ${OLD:-0} ;;
*"import ensurepip"*) exit ${BARE:-0} ;;
"-m venv "*)
    echo home >"$3/pyvenv.cfg"
    [ -z "${KILLED:-}" ] || kill -KILL $PPID
    mkdir "$3/bin" && cp "$0" "$3/bin/python"
    ;;
*" install "*)
    if [ -n "${OFFLINE:-}" ]; then
        echo "ERROR: no matching distribution found"
        exit 1
    fi
    sleep 0.1
    ;;
esac
echo "end $*" >>"$CALLS"
"""


class Machine:
    """A checkout and a PATH with the standard tools, but only given interpreters."""

    def __init__(self, directory):
        self.checkout = directory / "a checkout"
        self.calls_file = directory / "calls"
        self.calls_file.touch()
        self.path = directory / "bin"
        self.path.mkdir()
        for tool in TOOLS:
            (self.path / tool).symlink_to(shutil.which(tool))
        (self.checkout / "deploy").mkdir(parents=True)
        shutil.copy(ROOT / "deploy" / "venv.sh", self.checkout / "deploy")
        shutil.copytree(ROOT / "deploy" / "lock", self.checkout / "deploy" / "lock")
        shutil.copy(ROOT / "pyproject.toml", self.checkout)

    def add(self, name, script=STUB):
        interpreter = self.path / name
        interpreter.write_text(script)
        interpreter.chmod(0o755)

    def start(self, extra="demo", **environment):
        return subprocess.Popen(
            [SHELL, self.checkout / "deploy" / "venv.sh", extra],
            env={"PATH": str(self.path), "CALLS": str(self.calls_file), **environment},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, extra="demo", **environment):
        """Give the exit status and what it said."""
        process = self.start(extra, **environment)
        _, said = process.communicate()
        return process.returncode, said

    def calls(self):
        """Give the calls since the last time that asked for more than a version."""
        lines = self.calls_file.read_text().splitlines()
        self.calls_file.write_text("")
        return [line for line in lines if not line.endswith(" -V")]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_it_is_made_once_and_then_left_alone(machine):
    machine.add("python3")
    status, said = machine.run()
    assert status == 0
    assert said.startswith("making .venv with ")
    assert said.count("\n") == 1
    assert any("--require-hashes -r deploy/lock/demo.txt" in c for c in machine.calls())
    assert machine.run() == (0, "")
    assert machine.calls() == []


def test_another_extra_is_added_to_the_same_environment(machine):
    machine.add("python3")
    machine.run("demo")
    machine.calls()
    assert machine.run("test")[0] == 0
    assert not any("-m venv" in call for call in machine.calls())
    assert machine.run("demo") == (0, "")


@pytest.mark.parametrize("changed", ["pyproject.toml", "deploy/lock/demo.txt"])
def test_it_is_brought_up_to_date_when_what_it_was_made_from_changes(machine, changed):
    machine.add("python3")
    machine.run()
    with (machine.checkout / changed).open("a") as file:
        file.write("# changed\n")
    machine.calls()
    assert machine.run()[0] == 0
    assert any(" install " in call for call in machine.calls())


def test_a_checkout_that_was_moved_gets_a_new_one(machine, tmp_path):
    machine.add("python3")
    machine.run()
    machine.checkout = machine.checkout.rename(tmp_path / "elsewhere")
    machine.calls()
    assert machine.run()[0] == 0
    assert any("-m venv" in call for call in machine.calls())


def test_a_name_on_path_that_does_not_run_is_passed_over(machine):
    machine.add("python3", "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
    machine.add("python3.12")
    assert machine.run()[0] == 0


def test_no_python_is_said_with_what_to_do(machine):
    status, said = machine.run()
    assert status == 1
    assert "no Python 3.11 or newer" in said
    assert "apt install python3" in said


def test_a_python_that_is_too_old_is_none(machine):
    machine.add("python3")
    status, said = machine.run(OLD="1")
    assert status == 1
    assert "no Python 3.11 or newer" in said


def test_a_python_without_venv_is_said_with_the_package_to_install(machine):
    machine.add("python3.12")
    status, said = machine.run(BARE="1")
    assert status == 1
    assert "apt install python3.12-venv" in said


def test_no_network_is_said_in_pips_words_and_made_good_by_the_next_run(machine):
    machine.add("python3")
    status, said = machine.run(OFFLINE="1")
    assert status == 1
    assert "ERROR: no matching distribution found" in said
    assert "https_proxy" in said
    assert machine.run()[0] == 0
    assert machine.run() == (0, "")


def test_one_that_was_killed_while_making_it_is_made_good_by_the_next_run(machine):
    machine.add("python3")
    assert machine.run(KILLED="1")[0] == -signal.SIGKILL
    assert machine.run()[0] == 0
    assert machine.run() == (0, "")


def test_an_environment_that_somebody_else_made_is_left_alone(machine):
    machine.add("python3")
    theirs = machine.checkout / ".venv" / "pyvenv.cfg"
    theirs.parent.mkdir()
    theirs.touch()
    status, said = machine.run()
    assert status == 1
    assert "was not made by this script: move it away" in said
    assert theirs.exists()
    assert machine.calls() == []


@pytest.mark.slow
def test_two_at_once_make_it_one_after_the_other(machine):
    machine.add("python3")
    both = [machine.start(), machine.start()]
    said = "".join(process.communicate()[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    installs = [call for call in machine.calls() if " install " in call]
    assert [call.split()[0] for call in installs] == ["begin", "end"] * 2
    assert said.count("making .venv") == 1


@pytest.mark.parametrize("extra", ["", "everything"])
def test_an_unknown_extra_is_a_usage_error(machine, extra):
    status, said = machine.run(extra)
    assert status == 1
    assert "usage: sh deploy/venv.sh demo|test|check" in said


@pytest.mark.parametrize(
    "script",
    ["deploy/venv.sh", "deploy/lock/update.sh", "deploy/demo/run.sh", "tests/run.sh"],
)
def test_every_script_is_one_that_a_plain_posix_shell_reads(script):
    subprocess.run([SHELL, "-n", ROOT / script], check=True)

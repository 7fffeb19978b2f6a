# SPDX-License-Identifier: Apache-2.0
"""The shells' completions are what the programs take, and the shells take them."""

import shutil
import subprocess
import sys

import pytest

from deploy.completion.__main__ import HERE, SHELLS
from deploy.demo.parts import ROOT

pytestmark = pytest.mark.slow

BASH = HERE / "powermeter.bash"
CHECKS = {
    "powermeter.bash": ("bash", "-n"),
    "powermeter.fish": ("fish", "--no-execute"),
    "_powermeter": ("zsh", "-n"),
}


def completed(directory, *words):
    """Ask bash what it would offer for the last of these words."""
    script = (
        f'source "{BASH}"; words=("$@"); COMP_WORDS=("${{words[@]}}");'
        " COMP_CWORD=$(( ${#words[@]} - 1 )); COMPREPLY=();"
        ' "_${words[0]//-/_}"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    ended = subprocess.run(
        [shutil.which("bash"), "-c", script, "bash", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=directory,
    )
    assert ended.stderr == ""
    return set(ended.stdout.split())


def test_the_completions_are_fresh():
    """Write them anew with `python -m deploy.completion`."""
    # In a process of its own, for it runs the programs up to where they parse.
    script = (
        "import msgspec; from deploy.completion.__main__ import contents;"
        " print(msgspec.json.encode(contents()).decode())"
    )
    made = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, cwd=ROOT
    )
    import msgspec  # noqa: PLC0415 - beside its other end

    for name, content in msgspec.json.decode(made.stdout).items():
        assert (HERE / name).read_text() == content, name


@pytest.mark.parametrize("name", SHELLS)
def test_a_shell_can_read_its_completions(name):
    shell, option = CHECKS[name]
    if (program := shutil.which(shell)) is None:
        pytest.skip(f"{shell} is not here")
    subprocess.run([program, option, HERE / name], check=True)


def test_the_commands_of_a_program_are_offered(tmp_path):
    offered = completed(tmp_path, "powermeter-sampler", "")
    assert {"run", "check", "scan", "read", "simulate", "models"} <= offered
    assert completed(tmp_path, "powermeter-publisher", "ver") == {"verify"}


def test_the_options_of_a_command_are_offered_and_no_others(tmp_path):
    offered = completed(tmp_path, "powermeter-sampler", "run", "--")
    assert offered == {"--help", "--bus"}
    offered = completed(tmp_path, "powermeter-watch", "x.toml", "--o")
    assert offered == {"--once"}


def test_the_values_of_an_option_are_offered_where_they_are_known(tmp_path):
    words = ("powermeter-publisher", "keygen", "--curve", "brain")
    offered = completed(tmp_path, *words)
    assert offered == {"brainpoolP256r1", "brainpoolP384r1"}
    assert completed(tmp_path, "powermeter-watch", "--refresh", "") == set()


def test_files_are_offered_where_a_path_is_wanted(tmp_path):
    (tmp_path / "config.toml").touch()
    for words in (
        ("powermeter-watch", "con"),
        ("powermeter-watch", "--textfile", "con"),
        ("powermeter-publisher", "run", "con"),
    ):
        assert completed(tmp_path, *words) == {"config.toml"}

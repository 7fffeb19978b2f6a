# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher keygen, as a person meets it."""

import argparse
import stat
import subprocess
import sys

import pytest

from publisher import keygen, keys
from publisher.record import SIGNING_CURVES


def run(*words) -> int:
    parser = argparse.ArgumentParser()
    keygen.add_arguments(parser)
    return keygen.run(parser.parse_args([str(word) for word in words]))


def test_a_key_is_made_closed_to_others_and_its_public_half_is_shown(tmp_path, capsys):
    path = tmp_path / "signing.pem"
    assert run(path) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    public = keys.read(path).public
    assert public.curve == "secp256r1"
    assert capsys.readouterr().out == (
        f"public key: {public.hex}\nfingerprint: {public.fingerprint}\n"
    )


@pytest.mark.parametrize("curve", SIGNING_CURVES)
def test_each_curve_can_be_had(tmp_path, curve):
    path = tmp_path / "signing.pem"
    assert run(path, "--curve", curve) == 0
    assert keys.read(path).curve is curve


def test_two_keys_are_two(tmp_path, capsys):
    run(tmp_path / "one")
    run(tmp_path / "other")
    lines = capsys.readouterr().out.splitlines()
    assert len(set(lines)) == 4


def test_a_file_that_exists_is_not_touched(tmp_path, capsys):
    path = tmp_path / "signing.pem"
    path.write_text("precious")
    assert run(path) == 2
    said = capsys.readouterr()
    assert f"powermeter-publisher: {path}: exists and is not overwritten" in said.err
    assert not said.out
    assert path.read_text() == "precious"


@pytest.mark.parametrize("curve", ["secp256k1", "P-256", ""])
def test_a_curve_that_cannot_sign_is_refused_and_the_others_are_named(
    tmp_path, capsys, curve
):
    with pytest.raises(SystemExit) as ended:
        run(tmp_path / "signing.pem", "--curve", curve)
    assert ended.value.code == 2
    assert "brainpoolP384r1" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_the_library_the_command_says_what_to_install(tmp_path):
    script = (
        "import argparse, sys; sys.modules['cryptography'] = None\n"
        "from publisher import keygen\n"
        "parser = argparse.ArgumentParser()\n"
        "keygen.add_arguments(parser)\n"
        "sys.exit(keygen.run(parser.parse_args()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "signing.pem"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "pip install 'cryptography>=43'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())

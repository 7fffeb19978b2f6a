# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher adopt-key: a key signs on from where a person says."""

import argparse

import pytest

from publisher import adopt, keys
from publisher.ecdsa import SigningKey
from publisher.journal import Journal
from publisher.record import Curve
from tests.publisher.process import BUS

KEY = SigningKey.generate(Curve.SECP256R1)


@pytest.fixture
def config(tmp_path):
    keys.create(tmp_path / "signing.pem", KEY)
    path = tmp_path / "config.toml"
    path.write_text(
        f'{BUS}\n[signing]\nkey_file = "{tmp_path}/signing.pem"\n'
        f'[journal]\npath = "{tmp_path}/journal.db"\n'
    )
    return path


def run(*words):
    parser = argparse.ArgumentParser()
    adopt.add_arguments(parser)
    return adopt.run(parser.parse_args([str(word) for word in words]))


def next_number(config):
    with Journal.open(config.with_name("journal.db")) as journal:
        return journal.next_pagination(KEY.public.fingerprint)


def test_a_new_key_signs_from_1_on_and_is_shown(config, capsys):
    assert run(config) == 0
    out = capsys.readouterr().out.splitlines()
    assert out == [
        f"public key: {KEY.public.hex}",
        f"fingerprint: {KEY.public.fingerprint}",
        "next record: T1",
    ]
    assert next_number(config) == 1


def test_an_old_key_signs_on_from_where_it_stood(config):
    assert run(config, "--first-pagination", 118) == 0
    assert next_number(config) == 118
    assert run(config, "--first-pagination", 118) == 0


def test_no_counter_goes_back(config, capsys):
    assert run(config, "--first-pagination", 118) == 0
    assert run(config) == 1
    assert next_number(config) == 118
    assert "counts further than 1: unchanged" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5"])
def test_a_number_that_is_none_is_refused(config, number):
    with pytest.raises(SystemExit):
        run(config, f"--first-pagination={number}")


def test_while_the_publisher_runs_it_is_refused(config, capsys):
    with Journal.open(config.with_name("journal.db")):
        assert run(config) == 2
    assert "another publisher writes it" in capsys.readouterr().err


def test_without_a_key_it_says_how_to_get_one(config, capsys):
    config.with_name("signing.pem").unlink()
    assert run(config) == 2
    assert "signing.pem" in capsys.readouterr().err

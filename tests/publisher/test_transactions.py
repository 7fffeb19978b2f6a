# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher transactions, on a journal with a session in it."""

import argparse

import msgspec
import pytest

from publisher import record, transactions
from tests.publisher.office import Office, key

CONFIG = """
[[bus]]
name = "rs485"
port = "/dev/ttyUSB0"
[[bus.meter]]
name = "m"
model = "eastron_sdm630"
unit_id = 1
module_id = "pm_1"
[journal]
path = "{path}"
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "journal.db"
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(path=path))
    office = Office(path)
    for name in ("t-1", "t-2\x1b[2J"):
        office.start(name, caller=f"start {name}")
        office.reads()
        office.stop(name, caller=f"stop {name}")
        office.reads()
        office.deliver_all()
    office.start("t-3", caller="start t-3")
    office.reads()
    office.stop("", caller="stop all")
    office.journal.close()
    return config


def run(*words):
    parser = argparse.ArgumentParser()
    transactions.add_arguments(parser)
    return transactions.run(parser.parse_args([str(word) for word in words]))


def test_list_tells_where_each_stands(config, capsys):
    assert run("list", config) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.endswith("m  T1  delivered  t-1")
    assert second.endswith(r"m  T2  delivered  t-2\x1b[2J")
    assert third.endswith("m  -  to be ended  t-3")


def test_export_gives_records_that_verify(config, capsys):
    assert run("export", config) == 0
    records = capsys.readouterr().out.splitlines()
    assert len(records) == 2
    assert all(record.verify(text, key().public).is_valid for text in records)


def test_show_tells_all_of_one(config, capsys):
    assert run("show", config, "t-1") == 0
    out = capsys.readouterr().out
    assert "1001000 mWh" in out
    assert "(TX E, EF -, ST G)" in out
    assert "record       OCMF|" in out


def test_show_of_an_unknown_id_says_so(config, capsys):
    assert run("show", config, "t-9") == 1
    assert "no transaction of this id" in capsys.readouterr().err


def test_json_is_one_object_a_line(config, capsys):
    assert run("list", "--json", config) == 0
    lines = capsys.readouterr().out.splitlines()
    stand = [msgspec.json.decode(line)["pagination"] for line in lines]
    assert stand == [1, 2, None]


def test_a_journal_that_is_not_there_is_said(config, capsys):
    config.with_name("journal.db").unlink()
    assert run("list", config) == 2
    assert "no such file" in capsys.readouterr().err

# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher transactions, on a journal with a session in it."""

import argparse

import msgspec
import pytest

from ipc.commands import MeterPhase
from publisher import record, transactions
from tests.publisher.office import Office, key
from tests.publisher.signing.bureau import Bureau
from tests.publisher.signing.meters import key_of

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


# Of meters that sign by themselves.


@pytest.fixture
def of_meter(tmp_path):
    bureau = Bureau(tmp_path / "journal.db")
    bureau.started("t-1").stop("t-1")
    bureau.settled()
    bureau.deliver_all()
    bureau.meter.signs_wrongly = True
    bureau.started("t-2").stop("t-2", caller="stop 2")
    bureau.settled()
    bureau.started("t-3").meter.forget()
    bureau.meter.phase = MeterPhase.IDLE
    bureau.stop("t-3", caller="stop 3")
    bureau.settled()
    bureau.started("t-4\x1b[2J")
    bureau.journal.close()
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.format(path=tmp_path / "journal.db"))
    return config


def test_a_meters_own_are_listed_too(of_meter, capsys):
    assert run("list", of_meter) == 0
    stands = [line.split("  ")[3:] for line in capsys.readouterr().out.splitlines()]
    assert stands == [
        ["delivered", "t-1"],
        ["ended, unverified", "t-2"],
        ["lost", "t-3"],
        ["open", r"t-4\x1b[2J"],
    ]


def test_a_meters_own_record_is_exported_byte_for_byte(of_meter, capsys):
    assert run("export", of_meter) == 0
    texts = capsys.readouterr().out.splitlines()
    assert len(texts) == 2
    assert record.verify(texts[0], key_of("W1").public).is_valid


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("t-1", "verifies     yes"),
        ("t-2", "verifies     the signature is not this key's"),
        ("t-3", "lost         the meter holds no record"),
    ],
)
def test_all_that_is_known_of_a_meters_own_is_shown(of_meter, capsys, name, wanted):
    assert run("show", of_meter, name) == 0
    text = capsys.readouterr().out
    assert "meter        m, M1 W1" in text
    assert wanted in text


def test_a_meters_own_is_shown_to_programs_too(of_meter, capsys):
    assert run("list", of_meter, "--json") == 0
    first, *_ = map(msgspec.json.decode, capsys.readouterr().out.splitlines())
    assert first["signer"]["serial"] == "W1"
    assert first["complaint"] == ""

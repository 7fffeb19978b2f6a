# SPDX-License-Identifier: Apache-2.0
"""A run is written so that a later one, or a person, can read it."""

import msgspec
import pytest

from tests.bench import machine
from tests.bench.made import compared, record
from tests.bench.record import Record, folder, load, save


def test_a_run_comes_back_from_its_file_as_it_was(tmp_path):
    run = compared(0.4, 0.5)
    save(run, tmp_path / "run.json")
    assert load(tmp_path / "run.json") == run


def test_a_file_of_another_format_is_refused(tmp_path):
    path = tmp_path / "run.json"
    save(record(), path)
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(msgspec.ValidationError, match="format"):
        load(path)


def test_a_folder_gives_its_runs_from_the_oldest_to_the_newest(tmp_path):
    for name, started in (
        ("b", "2026-01-02"),
        ("a", "2026-01-03"),
        ("c", "2026-01-01"),
    ):
        save(record(started=started), tmp_path / f"{name}.json")
    (tmp_path / "notes.txt").touch()
    assert [run.started for run in folder(tmp_path)] == [
        "2026-01-01",
        "2026-01-02",
        "2026-01-03",
    ]


def test_a_new_run_says_where_and_of_what_it_is():
    run = machine.describe(is_quick=True)
    assert run.machine.cpu
    assert run.machine.cores > 0
    assert run.versions["python"].startswith("3.")
    assert "msgspec" in run.versions
    assert msgspec.json.decode(msgspec.json.encode(run), type=Record) == run

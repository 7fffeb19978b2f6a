# SPDX-License-Identifier: Apache-2.0
"""The core and the journal together, through restarts and clocks that are set."""

import pytest

from publisher.journal import Journal, read_only
from tests.publisher.gateway import EXPECTED, Gateway, answers_in, tell_story
from tests.publisher.stories import KEY, PUBLIC_KEY, start, stop


@pytest.fixture
def path(tmp_path):
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.add_key(KEY, public_key=PUBLIC_KEY)
    return tmp_path / "journal.db"


def hear(path, event, **meter):
    """Start the process, let it hear one request, and end it."""
    answers = path.with_name("answers")
    with Journal.open(path) as journal:
        Gateway(journal, answers, **meter).hear(event)
    return answers_in(answers)[event.caller]


def last_ending(path):
    with read_only(path) as look:
        *_, entry = look()
    return entry.ending


def test_the_story_has_the_end_that_everyone_expects(path):
    answers = path.with_name("answers")
    with Journal.open(path) as journal:
        tell_story(Gateway(journal, answers), answers)
    assert answers_in(answers) == EXPECTED


def test_the_record_of_every_repeat_is_the_same(path):
    hear(path, start("t-1", "start"))
    first = hear(path, stop("t-1", "stop"))
    assert first.startswith("OCMF|")
    for number in range(3):
        assert hear(path, stop("t-1", f"repeat {number}")) == first


@pytest.mark.parametrize(
    ("later", "says"),
    [
        ({}, "E|G"),
        ({"stepped_s": 3600}, "E|tG"),
        ({"stepped_s": -3600}, "E|tG"),
        ({"boot": "boot-2"}, "P|tG"),
        ({"boot": "boot-2", "stepped_s": -3600}, "P|tG"),
        ({"serial": "S2"}, "A|EX"),
        ({"boot": "boot-2", "serial": "S2"}, "P|EtX"),
    ],
)
def test_after_a_restart_the_end_says_what_happened(path, later, says):
    hear(path, start("t-1", "start"))
    assert hear(path, stop("t-1", "stop"), after_s=60, **later).startswith("OCMF|")
    ending = last_ending(path)
    assert f"{ending.cause}|{ending.unusable}{ending.state}" == says


def test_a_counter_that_went_back_over_a_restart_is_said_and_not_billable(path):
    hear(path, start("t-1", "start"))
    path.with_name("meter").write_text("0")
    assert hear(path, stop("t-1", "stop"), after_s=60).startswith("OCMF|")
    ending = last_ending(path)
    assert f"{ending.cause}|{ending.unusable}{ending.state}" == "A|EO"

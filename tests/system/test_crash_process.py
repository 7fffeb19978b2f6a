# SPDX-License-Identifier: Apache-2.0
"""The crash matrix with whole processes: the publisher is killed at each of its steps.

A whole story is told over a broker. Whoever dies is started again, EVerest asks again
for what it has no answer to, and nothing may be lost, doubled or told in two ways.
"""

import itertools
import random

import pytest

from publisher import keys, record
from publisher.ecdsa import SigningKey
from publisher.record import Curve
from tests.publisher.line import needs_mosquitto
from tests.system.broker import running_broker
from tests.system.charger import Charger, payload_of, record_of

pytestmark = [pytest.mark.system, pytest.mark.slow, needs_mosquitto]

KEY = SigningKey.generate(Curve.SECP256R1)
SHORT = 8
"""Kills in every run; the long form has them all."""


@pytest.fixture
def place(tmp_path):
    """Give a broker and the file of a key."""
    keys.create(tmp_path / "signing.pem", KEY)
    with running_broker(tmp_path) as broker:
        yield broker, tmp_path / "signing.pem"


STORY = (
    *("start t-1", "stop t-1", "start t-2", "start t-3", "stop t-2", "start t-3"),
    *("stop ", "start t-4", "stop t-4", "stop t-1", "stop t-2", "stop t-4"),
)
"""A session; one begun over another; everything ended; a session; and repeats."""


def tell(charger, *, before=lambda _: None):
    """Tell the story; give each record, which was told the same however often."""
    told = {}
    for number, request in enumerate(STORY):
        before(number)
        verb, _, name = request.partition(" ")
        if verb == "start":
            charger.start(name)
        else:
            reply = charger.stop(name)
            if name:
                assert told.setdefault(name, record_of(reply)) == record_of(reply)
    return told


def check(charger, told):
    """See that the story came to the one end there is."""
    entries = charger.entries()
    found = [(entry.open.transaction_id, entry.pagination) for entry in entries]
    assert found == [("t-1", 1), ("t-2", 2), ("t-3", 3), ("t-4", 4)]
    texts = {entry.open.transaction_id: entry.record for entry in entries}
    assert {name: texts[name] for name in told} == told
    causes = [entry.ending.cause for entry in entries]
    assert causes == ["E", "A", "A", "E"]
    for entry in entries:
        assert record.verify(entry.record, KEY.public).is_valid
        assert payload_of(entry.record)["PG"] == f"T{entry.pagination}"
    energies = [
        energy
        for entry in entries
        for energy in (entry.open.begin.energy_mwh, entry.ending.energy_mwh)
    ]
    assert energies == sorted(energies)
    assert list(charger.everest.everest.rejections) == []


def live(directory, place):
    """Tell the story without a death; give how many steps it has."""
    with Charger(directory, *place, fate=lambda: 0) as charger:
        check(charger, tell(charger))
        assert charger.deaths == 0
        return charger.steps


def die(directory, place, *steps, is_fine=False):
    """Tell the story with publishers that die at these steps, one after the other."""
    fates = itertools.chain(steps, itertools.repeat(0))
    with Charger(
        directory, *place, fate=lambda: next(fates), is_fine=is_fine
    ) as charger:
        check(charger, tell(charger))
        return charger.deaths


def test_killed_at_some_steps_the_story_comes_to_the_same_end(tmp_path, place):
    steps = live(tmp_path / "alive", place)
    wanted = [1 + steps * number // SHORT for number in range(SHORT)]
    deaths = [die(tmp_path / f"at-{step}", place, step) for step in wanted]
    assert deaths == [1] * SHORT
    print(f"killed at {SHORT} of {steps} steps of whole processes")  # noqa: T201 - the figures of the run


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_at_any_step_the_story_comes_to_the_same_end(tmp_path, place):
    steps = live(tmp_path / "alive", place)
    deaths = [die(tmp_path / f"at-{step}", place, step) for step in range(1, steps + 1)]
    print(f"killed at {sum(deaths)} of {steps} steps of whole processes")  # noqa: T201 - the figures of the run
    # A story takes some steps more or less: two deliveries may share a round.
    assert sum(deaths) >= 0.9 * steps


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_again_and_again_the_story_comes_to_the_same_end(tmp_path, place):
    chance = random.Random(6)
    deaths = 0
    for number in range(60):
        is_fine = number % 2 == 1
        longest = 6000 if is_fine else 80
        steps = [chance.randrange(5, longest) for _ in range(20)]
        directory = tmp_path / f"story-{number}"
        deaths += die(directory, place, *steps, is_fine=is_fine)
    print(f"killed {deaths} times in 60 stories")  # noqa: T201 - the figures of the run
    assert deaths > 120


def outlive(directory, place, *requests):
    """Tell the story with a broker that is killed during these requests."""
    with Charger(directory, *place, fate=lambda: 0) as charger:

        def before(number):
            if number in requests:
                charger.kill_broker()

        check(charger, tell(charger, before=before))
        assert charger.deaths == 0


def test_the_broker_killed_during_a_start_or_a_stop_changes_nothing(tmp_path, place):
    outlive(tmp_path / "start", place, 0)
    outlive(tmp_path / "stop", place, 1)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_broker_killed_during_each_request_changes_nothing(tmp_path, place):
    for number in range(len(STORY)):
        outlive(tmp_path / f"at-{number}", place, number)
    print(f"broker killed during each of {len(STORY)} requests")  # noqa: T201 - the figures of the run


@pytest.mark.parametrize("step_s", [3600, -3600])
def test_a_clock_that_is_set_in_mid_transaction_spoils_the_time_and_nothing_else(
    tmp_path, place, step_s
):
    with Charger(tmp_path / "charger", *place, fate=lambda: 0) as charger:
        charger.start("t-1")
        charger.set_wall(step_s)
        text = record_of(charger.stop("t-1"))
        charger.start("t-2")
        charger.kill()
        charger.set_wall(0)
        other = record_of(charger.stop("t-2"))
    for number, told in enumerate((text, other), 1):
        assert record.verify(told, KEY.public).is_valid
        payload = payload_of(told)
        begin, end = payload["RD"]
        assert payload["PG"] == f"T{number}"
        assert (end["TX"], end["EF"], end["ST"]) == ("E", "t", "G")
        assert end["RV"] > begin["RV"]


def test_a_record_counts_as_delivered_once_somebody_has_it(tmp_path, place):
    with Charger(tmp_path / "charger", *place, fate=lambda: 0) as charger:
        charger.start("t-1")
        charger.start("t-2")  # ends the first, of whose record nobody is told
        record_of(charger.stop("t-2"))
        charger.run_until(lambda: charger.entries()[1].delivered_ns is not None)
        assert charger.entries()[0].delivered_ns is None

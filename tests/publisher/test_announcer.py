# SPDX-License-Identifier: Apache-2.0
"""The public keys: EVerest always finds them, and is never told them in a loop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.announcer import PAUSE_NS, KeyAnnouncer
from tests.fakes import FakeBroker, FakeClock

TOPICS = {"left": "a/left/m2e/public_key_ocmf", "right": "a/right/m2e/public_key_ocmf"}
PAUSE_S = PAUSE_NS / 1e9


class Site:
    def __init__(self):
        self.clock, self.broker = FakeClock(), FakeBroker()
        self.keys = {"left": "3059aa"}
        self.starts = 0
        self.announcer = KeyAnnouncer(TOPICS, keys=lambda: self.keys, clock=self.clock)

    def step(self):
        self.announcer.step(self.broker, starts=self.starts)

    @property
    def told(self):
        return [(topic, payload, qos) for topic, payload, qos in self.broker.messages]


@pytest.fixture
def site():
    return Site()


LEFT = (TOPICS["left"], b'"3059aa"', 1)


def test_a_key_is_told_once_retained_with_qos_1_as_a_json_string(site):
    for _ in range(1000):
        site.step()
        site.clock.advance(1)
    assert site.told == [LEFT]
    assert site.broker.retained == {TOPICS["left"]: b'"3059aa"'}


def test_before_there_is_a_connection_nothing_is_told(site):
    site.broker.connected = False
    site.step()
    assert site.told == []
    site.broker.connected = True
    site.step()
    assert site.told == [LEFT]


def test_another_key_or_one_that_becomes_known_is_told_and_no_other(site):
    site.step()
    site.keys = {"left": "3059aa", "right": "3059bb"}
    site.step()
    site.keys = {"left": "3059cc", "right": "3059bb"}
    site.step()
    payloads = [payload for _, payload, _ in site.told]
    assert payloads == [b'"3059aa"', b'"3059bb"', b'"3059cc"']


def test_a_broker_that_may_have_forgotten_is_told_again_and_one_that_has_not_is_not(
    site,
):
    site.step()
    site.broker.connections += 1
    site.step()
    assert len(site.told) == 1
    site.broker.sessions += 1
    site.step()
    assert len(site.told) == 2


def test_a_start_of_everest_is_answered_once_however_many_signs_it_gives(site):
    site.step()
    site.clock.advance(PAUSE_S)
    for _ in range(20):
        site.starts += 1
        site.step()
        site.clock.advance(PAUSE_S / 40)
    assert len(site.told) == 2
    site.clock.advance(PAUSE_S)
    site.starts += 1
    site.step()
    assert len(site.told) == 3


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 30)), max_size=60))
def test_one_key_is_told_at_most_once_a_pause_on_a_broker_that_remembers(events):
    site = Site()
    for signs, pause_s in events:
        site.starts += signs
        site.step()
        site.clock.advance(pause_s)
    total_s = sum(pause_s for _, pause_s in events)
    assert len(site.told) <= 1 + total_s / PAUSE_S


def test_what_could_only_be_dropped_is_told_again(site):
    site.broker.is_full = True
    site.step()
    site.broker.is_full = False
    site.step()
    site.step()
    assert site.told == [LEFT, LEFT]

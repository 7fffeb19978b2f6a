# SPDX-License-Identifier: Apache-2.0
"""EVerest comes and goes: what is asked then, what is used of the answers, what told."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.codec import Kind, decode
from ipc.status import ModuleStatus
from publisher.discovery import LONGEST_ID, MOST_MODULES
from tests.fakes import FakeBroker, FakeClock, FakeLog
from tests.publisher.hostile import JSON
from tests.publisher.parts import everest_of, meter_of

API = "everest_api"
BASE = f"{API}/1/powermeter"
ANSWERS = f"{BASE}/pm_1/e2m/discovered"


def module(module_id: str, kind: str = "powermeter", **monitoring: int) -> dict:
    return {
        "type": kind,
        "module_id": module_id,
        "version": 1,
        "communication_monitoring": monitoring,
    }


def answer(*modules: dict) -> bytes:
    return msgspec.json.encode({"apis": modules})


class Site:
    """Two meters, EVerest's end of the line, and time."""

    def __init__(self) -> None:
        self.clock, self.log, self.broker = FakeClock(), FakeLog(), FakeBroker()
        meters = [meter_of(), meter_of(name="right", module_id="pm_2")]
        self.everest = everest_of(*meters, clock=self.clock, log=self.log)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.everest.step(self.broker)
            self.clock.advance(0.1)
        self.everest.step(self.broker)

    def beat(self, count: int, module_id: str = "pm_1") -> None:
        self.everest.take(f"{BASE}/{module_id}/e2m/heartbeat", b"%d" % count)

    def told(self, event: str) -> list[dict]:
        return [fields for _, name, fields in self.log.lines if name == event]

    @property
    def asked(self) -> int:
        return len(self.broker.on(f"{API}/discover"))


@pytest.fixture
def site():
    return Site()


def test_at_start_it_asks_once_in_a_way_that_everest_reads(site):
    site.run(30)
    [question] = site.broker.on(f"{API}/discover")
    assert decode(Kind.REQUEST_REPLY, question)["headers"] == {"replyTo": ANSWERS}
    assert ANSWERS in site.everest.topics
    assert len(site.told("discovery_unanswered")) == 1


def test_without_a_broker_nothing_is_asked(site):
    site.broker.connected = False
    site.run(30)
    assert site.asked == 0


def test_after_each_return_of_the_broker_it_asks_again(site):
    site.run(10)
    site.broker.connections += 1
    site.run(10)
    assert site.asked == 2


def test_all_signs_of_one_restart_are_one_question(site):
    for count in (5, 6):
        site.beat(count)
        site.beat(count, "pm_2")
    site.run(20)
    seen = site.asked
    for _ in range(3):
        site.everest.take(f"{API}/ready_beacon", b"{}")
    site.beat(0)
    site.beat(0, "pm_2")
    site.run(20)
    assert site.asked == seen + 1
    assert len(site.told("everest_restarted")) == 2


def test_a_flood_of_restarts_is_a_question_each_five_seconds(site):
    for _ in range(300):
        site.beat(0)
        site.everest.step(site.broker)
        site.clock.advance(0.1)
    assert site.asked <= 30 / 5 + 1


def test_a_module_that_is_not_there_is_told_with_those_that_are(site):
    site.run(0.5)
    site.everest.take(ANSWERS, answer(module("pm_1")))
    site.everest.take(ANSWERS, answer(module("pm_3"), module("other", "display")))
    site.run(5)
    [told] = site.told("module_unknown")
    assert told["module_id"] == ["pm_2"]
    assert told["known"] == ["pm_1", "pm_3"]
    site.beat(0)
    site.run(0.5)
    site.everest.take(ANSWERS, answer(module("pm_1"), module("pm_3")))
    site.run(5)
    assert site.asked == 2
    assert len(site.told("module_unknown")) == 1  # nothing new


@pytest.mark.parametrize(
    ("allowed_s", "used_s"), [(5, 2.0), (3, 1.5), (1, 0.5), (0, 2.0), (3600, 2.0)]
)
def test_the_check_comes_twice_in_the_shortest_period_or_as_configured(
    site, allowed_s, used_s
):
    site.run(0.5)
    site.everest.take(
        ANSWERS,
        answer(
            module("pm_1", communication_check_period_s=60),
            module("pm_2", communication_check_period_s=allowed_s),
            module("other", communication_check_period_s=1),
        ),
    )
    site.run(5)
    assert site.everest.check_period_s == used_s
    assert len(site.told("check_period_adapted")) == (used_s != 2.0)


def test_a_heartbeat_that_ends_is_told_once_for_its_module_and_so_is_its_return(site):
    for count in range(3):
        site.beat(count)
        site.beat(count, "pm_2")
        site.run(1)
    for count in range(3, 60):
        site.beat(count, "pm_2")
        site.run(1)
    assert site.told("everest_lost") == [{"module_id": "pm_1"}]
    site.beat(60)
    assert site.told("everest_back") == [{"module_id": "pm_1"}]


def test_while_the_broker_is_away_no_heartbeat_is_missed(site):
    site.beat(1)
    site.run(1)
    site.broker.connected = False
    site.clock.advance(1000)
    site.broker.connected, site.broker.connections = True, 2
    site.run(1)
    site.beat(2)
    site.run(1)
    assert site.told("everest_lost") == []


def test_a_long_heartbeat_period_is_waited_for(site):
    site.run(0.5)
    site.everest.take(ANSWERS, answer(module("pm_1", heartbeat_period_ms=10_000)))
    site.run(5)
    site.beat(1)
    site.run(40)
    assert site.told("everest_lost") == []
    site.run(20)
    assert len(site.told("everest_lost")) == 1


def test_what_a_module_once_said_holds_until_it_says_otherwise(site):
    site.run(0.5)
    told = answer(module("pm_1", communication_check_period_s=1))
    site.everest.take(ANSWERS, told)
    site.run(5)
    site.beat(0)  # it asks again, and nobody answers
    site.run(10)
    assert site.asked == 2
    assert site.everest.check_period_s == 0.5


def test_endless_answers_are_kept_up_to_a_bound(site):
    site.run(0.5)
    many = answer(*(module(f"m{number}") for number in range(10 * MOST_MODULES)))
    site.everest.take(ANSWERS, many)
    site.everest.take(ANSWERS, answer(module("x" * (LONGEST_ID + 1))))
    site.run(5)
    assert len(site.told("module_unknown")[0]["known"]) == MOST_MODULES


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                (ANSWERS, f"{API}/ready_beacon", f"{BASE}/pm_1/e2m/heartbeat", "x")
            ),
            st.binary(max_size=60)
            | JSON.map(msgspec.json.encode)
            | JSON.map(lambda inner: msgspec.json.encode({"apis": [inner]})),
        ),
        max_size=20,
    )
)
def test_whatever_comes_it_lives_and_keeps_checking(messages):
    site = Site()
    for topic, payload in messages:
        site.everest.take(topic, payload)
        site.run(0.2)
    assert 0.2 <= site.everest.check_period_s <= 2.0
    assert site.everest.due_ns >= 0


def test_each_sign_of_a_start_is_counted_and_mere_silence_is_none(site):
    site.everest.take(f"{API}/ready_beacon", b"{}")
    site.beat(0)
    assert site.everest.starts == 2
    site.beat(1)
    site.run(60)
    site.beat(2)
    assert site.told("everest_lost")
    assert site.told("everest_back")
    assert site.everest.starts == 2
    site.beat(0)
    assert site.everest.starts == 3


def test_what_is_known_of_each_module_is_told(site):
    assert site.everest.modules()["pm_1"] == ModuleStatus(
        module_id="pm_1", is_found=None, heard_ns=None, restarts=0
    )
    site.run(0.5)
    site.everest.take(ANSWERS, answer(module("pm_1")))
    site.run(5)
    heard_ns = site.clock.monotonic_ns()
    for count in (7, 8, 0):
        site.beat(count)
    site.broker.connections += 1  # excuses a silence, which is no heartbeat
    site.run(1)
    assert site.everest.modules() == {
        "pm_1": ModuleStatus(
            module_id="pm_1", is_found=True, heard_ns=heard_ns, restarts=1
        ),
        "pm_2": ModuleStatus(
            module_id="pm_2", is_found=False, heard_ns=None, restarts=0
        ),
    }

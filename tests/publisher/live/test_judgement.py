# SPDX-License-Identifier: Apache-2.0
"""What follows from what was heard."""

import msgspec
import pytest

from ipc.config import MqttProtocol, MqttTable
from publisher.live.finding import Verdict
from publisher.live.heard import Heard
from publisher.live.judgement import judge

KNOWN = {"event": "everest_discovered", "powermeters": ["pm_1", "pm_2"]}
ALL_WELL = Heard(
    connected=True, events=[KNOWN], beats={"pm_1": 3, "pm_2": 2}, check_period_s=2.0
)
MODULES = ["pm_1", "pm_2"]


def judged(heard=ALL_WELL, *, protocol=MqttProtocol.V5, **change):
    heard = msgspec.structs.replace(heard, **change)
    found = judge(heard, MqttTable(protocol=protocol), MODULES)
    assert len({each.subject for each in found}) == len(found)
    return {each.subject: each for each in found}


def test_if_all_is_well_every_line_says_so():
    assert {each.verdict for each in judged().values()} == {Verdict.OK}


def test_a_broker_out_of_reach_is_told_with_the_remedy_of_the_service():
    event = {
        "event": "broker_unreachable",
        "broker": "localhost:1883",
        "detail": "cannot be reached: refused",
        "remedy": "is it running?",
    }

    found = judged(connected=False, events=[event], beats={})

    assert found["broker"].verdict is Verdict.FAILED
    assert "localhost:1883" in found["broker"].detail
    assert found["broker"].remedy == "is it running?"
    others = {each.verdict for name, each in found.items() if name != "broker"}
    assert others == {Verdict.UNKNOWN}


def test_a_broker_that_says_nothing_at_all_is_a_failure_too():
    found = judged(connected=False, events=[], beats={})

    assert found["broker"].verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("subject", "event"),
    [
        (
            "read access",
            {"event": "subscribe_refused", "topic": "a/b", "detail": "Not authorized"},
        ),
        ("write access", {"event": "publish_refused", "detail": "Not authorized"}),
    ],
)
def test_what_the_broker_refuses_is_told_with_its_rule(subject, event):
    found = judged(events=[KNOWN, event])[subject]

    assert found.verdict is Verdict.FAILED
    assert "Not authorized" in found.detail
    assert "let this user" in found.remedy


def test_with_the_old_protocol_a_refusal_cannot_be_seen_and_that_is_said():
    found = judged(protocol=MqttProtocol.V311)["write access"]

    assert found.verdict is Verdict.WARNING
    assert "3.1.1" in found.detail


def test_a_module_that_everest_does_not_have_is_told_with_those_it_has():
    event = {
        "event": "module_unknown",
        "module_id": ["pm_2"],
        "known": ["pm_1", "pm_7"],
        "remedy": "correct module_id",
    }

    found = judged(events=[KNOWN, event])["EVerest"]

    assert found.verdict is Verdict.FAILED
    assert "pm_2" in found.detail
    assert "pm_7" in found.detail


def test_an_everest_that_does_not_answer_is_a_failure():
    assert judged(events=[])["EVerest"].verdict is Verdict.FAILED


def test_each_module_needs_a_heartbeat_of_its_own():
    found = judged(beats={"pm_1": 1})

    assert found["heartbeat pm_1"].verdict is Verdict.OK
    assert found["heartbeat pm_2"].verdict is Verdict.FAILED


def test_a_check_period_that_everest_shortens_is_told():
    event = {"event": "check_period_adapted", "check_period_s": 0.5}

    found = judged(events=[KNOWN, event], check_period_s=0.5)["check period"]

    assert found.verdict is Verdict.OK
    assert "shortened to 0.5 s" in found.detail

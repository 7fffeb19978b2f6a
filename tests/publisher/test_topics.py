# SPDX-License-Identifier: Apache-2.0
"""The topic table, and where an answer may go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.topics import DEEPEST_TOPIC, LONGEST_TOPIC
from tests.publisher.parts import BELOW, TOPICS


def test_the_topics_are_everests():
    base = "everest_api/1/powermeter/pm_1"
    assert TOPICS.start_transaction == f"{base}/e2m/start_transaction"
    assert TOPICS.stop_transaction == f"{base}/e2m/stop_transaction"
    assert TOPICS.powermeter_values == f"{base}/m2e/powermeter_values"
    assert TOPICS.communication_check == f"{base}/m2e/communication_check"


@pytest.mark.parametrize(
    "rest",
    [
        "reply/0b0e7d1c-2b5f-4f7e-9d55-0c3f3f6f4a11",
        "reply",
        "powermeter_values/reply",
        "antwort/größe",
        "x" * (LONGEST_TOPIC - len(BELOW)),
        "/".join("x" * (DEEPEST_TOPIC - 5)),
    ],
)
def test_an_answer_may_go_below_our_own_m2e(rest):
    assert TOPICS.may_reply_to(BELOW + rest)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        BELOW,
        BELOW.rstrip("/"),
        "reply",
        "everest_api/1/powermeter/pm_2/m2e/reply/1",
        "everest_api/1/powermeter/pm_1/e2m/stop_transaction",
        "everest_api/1/powermeter/pm_10/m2e/reply",
        f"x/{BELOW}reply",
        "$SYS/broker",
        "everest/ocpp/cmd",
        f"{BELOW}powermeter_values",
        f"{BELOW}communication_check",
        f"{BELOW}public_key_ocmf",
        f"{BELOW}#",
        f"{BELOW}reply/+",
        f"{BELOW}reply+",
        f"{BELOW}$reply",
        f"{BELOW}reply\0",
        f"{BELOW}reply\n",
        f"{BELOW}reply\x7f",
        f"{BELOW}reply\x85",
        BELOW + "x" * (LONGEST_TOPIC - len(BELOW) + 1),
        BELOW + "é" * (LONGEST_TOPIC // 2),
    ],
)
def test_an_answer_goes_nowhere_else(topic):
    assert not TOPICS.may_reply_to(topic)


@pytest.mark.parametrize(
    "rest",
    [
        *("\ud800", "\udfff", "\ufdd0", "\ufdef", "\ufffe", "\uffff"),
        *("\U0001fffe", "\U0010ffff"),
        "/".join("x" * (DEEPEST_TOPIC - 4)),
        "/" * 250,
    ],
)
def test_a_topic_over_which_a_broker_ends_the_connection_is_not_taken(rest):
    """The answer would be sent again after every reconnection, and end it again."""
    assert not TOPICS.may_reply_to(BELOW + rest)


@given(st.text() | st.text().map(BELOW.__add__))
def test_whatever_is_taken_can_be_published(topic):
    if TOPICS.may_reply_to(topic):
        assert topic.startswith(BELOW)
        assert not set(topic) & set("+#$\0")
        assert 0 < len(topic.encode()) <= LONGEST_TOPIC

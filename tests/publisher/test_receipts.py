# SPDX-License-Identifier: Apache-2.0
"""Who hears that the broker has a message: whoever asked, once, and only if it has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.receipts import FAILURE, SUCCESS, Receipts

NOBODY_LISTENS = 16
NOT_AUTHORISED = 0x87


@pytest.mark.parametrize(
    ("code", "heard", "refused"),
    [(SUCCESS, ["it"], 0), (NOBODY_LISTENS, [], 0), (NOT_AUTHORISED, [], 1)],
)
def test_only_a_message_that_somebody_gets_is_told_as_taken(code, heard, refused):
    receipts, told = Receipts(), []
    receipts.expect(7, lambda: told.append("it"))
    receipts.take(7, code)
    assert told == []
    for _ in range(2):
        receipts.tell()
        assert told == heard
    assert (receipts.refused, receipts.waiting) == (refused, 0)


@given(
    st.lists(st.integers(1, 20), unique=True, max_size=10),
    st.lists(st.tuples(st.integers(1, 20), st.sampled_from([0, 16, FAILURE, 0x97]))),
)
def test_each_is_told_once_whatever_the_broker_acknowledges_and_how_often(
    expected, acknowledged
):
    receipts, told = Receipts(), []
    for number in expected:
        receipts.expect(number, lambda number=number: told.append(number))
    for number, code in acknowledged:
        receipts.take(number, code)
        receipts.tell()
    first = dict(reversed(acknowledged))
    assert sorted(told) == sorted(n for n in expected if first.get(n) == SUCCESS)
    assert receipts.waiting == len(set(expected) - first.keys())
    assert receipts.refused == sum(code >= FAILURE for _, code in acknowledged)


def test_who_wants_to_hear_nothing_hears_nothing():
    receipts = Receipts()
    receipts.expect(1, None)
    assert receipts.waiting == 1
    receipts.take(1, SUCCESS)
    receipts.tell()
    assert receipts.waiting == 0

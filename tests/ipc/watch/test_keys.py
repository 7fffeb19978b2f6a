# SPDX-License-Identifier: Apache-2.0
"""Keys from bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipc.watch.keys import Key, Keyboard

SEQUENCES = {
    b"1": Key.ONE,
    b"5": Key.FIVE,
    b"q": Key.QUIT,
    b"?": Key.HELP,
    b"\t": Key.RIGHT,
    b"\x0c": Key.REDRAW,
    b"\x1b[A": Key.UP,
    b"\x1bOB": Key.DOWN,
    b"\x1b[C": Key.RIGHT,
    b"\x1b[D": Key.LEFT,
    b"\x1b[Z": Key.LEFT,
    b"\x1b[5~": Key.PAGE_UP,
    b"\x1b[6~": Key.PAGE_DOWN,
}


@pytest.mark.parametrize(("received", "key"), SEQUENCES.items())
def test_a_key_is_known_by_its_bytes(received, key):
    assert Keyboard().feed(received) == [key]


@given(st.lists(st.sampled_from(sorted(SEQUENCES)), max_size=8), st.data())
def test_keys_are_the_same_in_whatever_pieces_they_come(pressed, data):
    received = b"".join(pressed)
    keyboard, keys, at = Keyboard(), [], 0
    while at < len(received):
        size = data.draw(st.integers(1, len(received) - at))
        keys += keyboard.feed(received[at : at + size])
        at += size
    assert keys == [SEQUENCES[each] for each in pressed]


@given(st.binary(max_size=200))
def test_whatever_comes_a_key_after_it_is_heard(received):
    keyboard = Keyboard()
    keyboard.feed(received)
    # At worst this ends a sequence that had begun; the next one is whole.
    keyboard.feed(b"\x18\x18")
    assert keyboard.feed(b"q") == [Key.QUIT]


@pytest.mark.parametrize("received", [b"\x1b[15~", b"\x1b[1;5A", b"x", b"\xff\x00"])
def test_what_is_no_key_of_ours_is_passed_over(received):
    keyboard = Keyboard()
    assert keyboard.feed(received) == []
    assert keyboard.feed(b"q") == [Key.QUIT]


def test_a_lone_escape_does_not_swallow_the_next_key():
    assert Keyboard().feed(b"\x1bq") == [Key.QUIT]

# SPDX-License-Identifier: Apache-2.0
"""An answer is found behind our own echo and behind noise, and nothing else is."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.answer import EXCEPTION_SIZE, LARGEST_NOISE, Search
from sampler.simulator.frame import crc16, seal

READS = st.tuples(st.integers(1, 247), st.sampled_from([3, 4]), st.integers(0, 0xFFFF))


@st.composite
def exchanges(draw):
    """Draw a request and its answer: data, or an exception."""
    unit_id, function_code, address = draw(READS)
    count = draw(st.integers(1, 125))
    request = seal(struct.pack(">BBHH", unit_id, function_code, address, count))
    if draw(st.booleans()):
        code = draw(st.integers(1, 11))
        return request, seal(bytes((unit_id, function_code | 0x80, code))), count
    data = draw(st.binary(min_size=2 * count, max_size=2 * count))
    head = bytes((unit_id, function_code, 2 * count))
    return request, seal(head + data), count


def collect(search: Search, line: bytes, takes: list[int]) -> tuple[bytes, bytes]:
    """Read as the port does: never more than is missing, in pieces of any size."""
    received, at = b"", 0
    takes = [*takes, *[1000] * len(line)]
    found = search.look(received)
    while found.missing and at < len(line):
        piece = line[at : at + min(found.missing, takes.pop(0))]
        received += piece
        at += len(piece)
        found = search.look(received)
    return received[found.start : found.end], line[at:]


@given(exchanges(), st.lists(st.integers(1, 300), max_size=30), st.booleans())
def test_an_answer_is_found_however_it_is_cut_and_no_character_more_is_taken(
    exchange, takes, echo
):
    request, answer, count = exchange
    search = Search(request, 5 + 2 * count)
    line = (request if echo else b"") + answer
    frame, rest = collect(search, line + b"next", takes)
    assert frame == answer
    assert (b"next").endswith(rest)


@given(
    exchanges(),
    st.binary(max_size=LARGEST_NOISE - 3),
    st.lists(st.integers(1, 300), max_size=30),
)
def test_noise_before_an_answer_costs_nothing_or_gives_a_frame_that_is_no_answer(
    exchange, noise, takes
):
    request, answer, count = exchange
    frame, _ = collect(Search(request, 5 + 2 * count), noise + answer, takes)
    assert frame == answer or crc16(frame) != 0


@given(exchanges(), st.binary(max_size=300), st.lists(st.integers(1, 300), max_size=30))
def test_any_noise_is_given_up_and_never_waited_for_without_end(exchange, noise, takes):
    request, _, count = exchange
    size = 5 + 2 * count
    frame, rest = collect(Search(request, size), noise, takes)
    assert len(noise) - len(rest) <= LARGEST_NOISE + len(request) + max(size, 19)
    assert len(frame) <= max(size, len(noise))


def test_an_exception_ends_after_five_characters():
    request = seal(struct.pack(">BBHH", 7, 4, 0, 60))
    search = Search(request, 125)
    answer = seal(bytes((7, 0x84, 2)))
    assert search.look(answer[:2]).missing == EXCEPTION_SIZE - 2
    assert search.look(answer).missing == 0


def test_an_echo_alone_leaves_the_whole_answer_to_come():
    request = seal(struct.pack(">BBHH", 7, 4, 0, 60))
    for heard in (6, 7, 8):
        found = Search(request, 125).look(request[:heard])
        assert found.missing == 8 - heard + 125
        assert not found.begun


@pytest.mark.parametrize("noise", [b"\0", b"\xff", b"\0\xff", b"\0" * 13])
def test_the_characters_a_switching_driver_leaves_are_skipped(noise):
    request = seal(struct.pack(">BBHH", 7, 4, 0, 2))
    answer = seal(bytes((7, 4, 4)) + bytes(4))
    frame, rest = collect(Search(request, 9), noise + answer, [])
    assert (frame, rest) == (answer, b"")


def test_what_stands_behind_an_exception_is_not_taken_for_part_of_it():
    request = seal(struct.pack(">BBHH", 7, 4, 0, 60))
    answer = seal(bytes((7, 0x84, 2)))
    found = Search(request, 125).look(b"\0" + answer + b"\0\0")
    assert (found.start, found.end, found.missing) == (1, 6, 0)


@st.composite
def writes(draw):
    """Draw a write of registers and its answer: done, or an exception."""
    unit_id, _, address = draw(READS)
    data = draw(st.binary(min_size=2, max_size=246).filter(lambda d: len(d) % 2 == 0))
    head = struct.pack(">BBHH", unit_id, 16, address, len(data) // 2)
    request = seal(head + bytes((len(data),)) + data)
    if draw(st.booleans()):
        return request, seal(bytes((unit_id, 0x90, draw(st.integers(1, 11)))))
    return request, seal(head)


@given(writes(), st.lists(st.integers(1, 300), max_size=30), st.booleans())
def test_the_answer_to_a_write_is_told_from_the_echo_of_its_request(
    exchange, takes, echo
):
    request, answer = exchange
    line = (request if echo else b"") + answer
    frame, rest = collect(Search(request, 8), line + b"next", takes)
    assert frame == answer
    assert b"next".endswith(rest)

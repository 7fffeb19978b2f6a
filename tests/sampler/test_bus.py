# SPDX-License-Identifier: Apache-2.0
"""The bus on a real pseudo-terminal: whatever the meter says, no wrong value."""

import threading

import pytest

from ipc.sample import Quality
from ipc.stop import Stop
from sampler.fault import Fault
from sampler.plan import Block
from sampler.simulator.frame import seal
from sampler.timing import Timing
from tests.sampler.exchanges import BLOCK, OTHER, first, held_by, kind_of
from tests.sampler.wires import QUICK, bus_on, data_of, echo_of, refusal, right, slave

AN_HOUR_S = 3600.0
"""So long a wait is never waited out: the test would be ended first."""

PATIENT = Timing(pause_s=AN_HOUR_S, settle_s=0.01)


def saying(*pieces):
    """Script: say this to every request; an ellipsis is the right answer."""

    def script(request):
        for piece in pieces:
            yield 0, right(request) if piece is ... else piece

    return script


def silent(_):
    return ()


def echoing(request):
    yield 0, echo_of(request)
    yield 0, right(request)


def test_a_block_comes_as_it_stands_in_the_meter():
    with slave() as far, bus_on(far.path) as bus:
        for block in (BLOCK, OTHER, BLOCK):
            assert bus.read(3, block) == held_by(block)
        assert [request.unit_id for request in far.requests] == [3, 3, 3]


@pytest.mark.parametrize(
    "script",
    [
        saying(b"\0", ...),
        saying(b"\xff\xff\xff", ...),
        saying(..., b"\0\0"),
        echoing,
        lambda request: [
            (0, b"\0"),
            (0, echo_of(request)),
            (0, b"\xff"),
            (0, right(request)),
        ],
        lambda request: [(0, b"\0"), (0.02, right(request))],
        lambda request: [(0, right(request)[:2]), (0.003, right(request)[2:])],
        lambda request: [(0.0002, bytes((c,))) for c in right(request)],
    ],
    ids=[
        "noise before",
        "more noise before",
        "noise after",
        "echo",
        "noise and echo",
        "noise while the meter thinks",
        "in two pieces",
        "byte by byte",
    ],
)
def test_what_a_line_does_to_a_right_answer_costs_nothing(script):
    with (
        slave(script) as far,
        bus_on(far.path, timing=PATIENT, timeout_s=AN_HOUR_S) as bus,
    ):
        for block in (BLOCK, OTHER, BLOCK):
            assert bus.read(1, block) == held_by(block)


def test_an_answer_that_begins_late_on_a_slow_line_is_waited_for_to_its_end():
    def late(request):
        answer = right(request)
        yield 0.06, answer[:3]
        yield 0.03, answer[3:]

    with (
        slave(late) as far,
        bus_on(far.path, timing=PATIENT, baudrate=9600, timeout_s=AN_HOUR_S) as bus,
    ):
        assert bus.read(1, BLOCK) == held_by(BLOCK)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (silent, Quality.TIMEOUT),
        (lambda request: [(0, echo_of(request))], Quality.TIMEOUT),
        (lambda request: [(0, right(request)[:-1])], Quality.GARBLED),
        (lambda request: [(0, right(request)[:1])], Quality.GARBLED),
        (lambda request: [(0, right(request)[:-2] + b"xx")], Quality.GARBLED),
        (lambda request: [(0, seal(b"\x09" + right(request)[1:-2]))], None),
        (lambda request: [(0, seal(b"\x01\x03" + right(request)[2:-2]))], None),
        (lambda request: [(0, right(request, bytes(2)))], Quality.GARBLED),
        (lambda request: [(0, right(request, bytes(60)))], Quality.GARBLED),
        (lambda _: [(0, bytes(300))], Quality.GARBLED),
        (lambda request: [(0, refusal(request, 6)[:-1] + b"x")], Quality.GARBLED),
    ],
    ids=[
        "silence",
        "only the echo",
        "cut short",
        "one character",
        "wrong CRC",
        "another unit",
        "another function",
        "too few registers",
        "too many registers",
        "nothing but noise",
        "an exception with a wrong CRC",
    ],
)
def test_no_answer_or_a_bad_one_is_a_fault_and_the_next_reading_is_right(script, kind):
    with slave(first(script)) as far, bus_on(far.path) as bus:
        answer = bus.read(1, BLOCK)
        assert kind_of(answer) is (kind or Quality.GARBLED)
        assert bus.read(1, OTHER) == held_by(OTHER)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6, 7, 8, 10, 11, 99])
def test_an_exception_is_a_refusal_with_its_code_and_comes_at_once(code):
    script = first(lambda request: [(0, refusal(request, code))])
    with slave(script) as far, bus_on(far.path, timeout_s=AN_HOUR_S) as bus:
        answer = bus.read(1, BLOCK)
        assert isinstance(answer, Fault)
        assert (answer.kind, answer.code) == (Quality.REFUSED, code)
        assert bus.read(1, BLOCK) == held_by(BLOCK)


@pytest.mark.parametrize("delay_s", [0.051, 0.055, 0.058])
def test_a_late_answer_is_never_taken_for_the_next_one(delay_s):
    same_length = Block(function_code=4, address=0x2000, count=BLOCK.count)
    script = first(lambda request: [(delay_s, right(request))])
    with slave(script) as far, bus_on(far.path) as bus:
        assert kind_of(bus.read(1, BLOCK)) is Quality.TIMEOUT
        assert bus.read(1, same_length) == held_by(same_length)


def test_a_line_that_is_never_quiet_is_a_fault_and_is_asked_nothing():
    def babbling(_):
        for _ in range(100):
            yield 0.002, b"\x55"

    with slave(first(babbling)) as far, bus_on(far.path) as bus:
        assert kind_of(bus.read(1, BLOCK)) is Quality.GARBLED
        answer = bus.read(1, BLOCK)
        assert isinstance(answer, Fault)
        assert "never quiet" in answer.detail
        assert len(far.requests) == 1


def test_characters_that_drip_in_are_given_up_in_bounded_time():
    def dripping(request):
        for character in right(request):
            yield 0.009, bytes((character,))

    with slave(dripping) as far, bus_on(far.path) as bus:
        assert kind_of(bus.read(1, BLOCK)) is Quality.GARBLED  # the rest was to come


@pytest.mark.parametrize("state", ["request", "answer", "settling"])
def test_a_stop_ends_a_reading_at_once_whatever_it_waits_for(state):
    stop = Stop()
    timing = Timing(settle_s=AN_HOUR_S) if state == "settling" else QUICK
    timer = threading.Timer(0.05, stop.request)

    def slow(request):
        if state == "answer":
            yield 0, right(request)[:7]

    with (
        slave(slow) as far,
        bus_on(
            far.path, timing=timing, stop=stop, baudrate=1200, timeout_s=AN_HOUR_S
        ) as bus,
    ):
        timer.start()
        bus.read(1, Block(function_code=4, address=0, count=125))
    timer.join()
    stop.close()


def test_the_scripted_registers_tell_their_address():
    with slave() as far, bus_on(far.path) as bus:
        bus.read(1, OTHER)
        assert data_of(far.requests[0]) == held_by(OTHER)

# SPDX-License-Identifier: Apache-2.0
"""The bus on a real pseudo-terminal: whatever the line brings, no wrong value."""

import fcntl
import os
import pty
import struct
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipc.sample import Quality
from ipc.stop import Stop
from sampler.bus import Fault
from sampler.errors import PortBusyError, PortError
from sampler.plan import Block
from sampler.simulator.frame import seal
from sampler.timing import TIMING, Timing
from tests.sampler.wires import (
    QUICK,
    HangUpError,
    bus_on,
    data_of,
    echo_of,
    good,
    refusal,
    right,
    slave,
)

BLOCK = Block(function_code=4, address=0x0034, count=24)
AN_HOUR_S = 3600.0
"""So long a wait is never waited out: the test would be ended first."""

PATIENT = Timing(pause_s=AN_HOUR_S, settle_s=0.01)

OTHER = Block(function_code=4, address=0x1000, count=10)


def held_by(block: Block) -> bytes:
    return struct.pack(
        f">{block.count}H", *range(block.address, block.address + block.count)
    )


def saying(*pieces):
    """Script: say this to every request; an ellipsis is the right answer."""

    def script(request):
        for piece in pieces:
            yield 0, right(request) if piece is ... else piece

    return script


def first(script, then=good):
    """Script: this for the first request, that for all others."""
    scripts = iter([script])

    def chosen(request):
        return next(scripts, then)(request)

    return chosen


def silent(_):
    return ()


def echoing(request):
    yield 0, echo_of(request)
    yield 0, right(request)


def kind_of(answer: bytes | Fault) -> Quality:
    return answer.kind if isinstance(answer, Fault) else Quality.GOOD


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


# --- the port goes and comes


def hanging_up(request):
    yield 0, right(request)[:7]
    raise HangUpError


def test_a_hang_up_in_mid_read_is_a_fault_and_the_same_path_is_opened_again(tmp_path):
    link = tmp_path / "by-id"
    with slave(first(hanging_up), link=link) as far, bus_on(str(link)) as bus:
        answer = bus.read(1, BLOCK)
        assert isinstance(answer, Fault)
        assert answer.kind is Quality.NO_PORT
        for _ in range(3):
            assert kind_of(bus.read(1, BLOCK)) is Quality.NO_PORT
        far.plug()
        assert bus.read(1, BLOCK) == held_by(BLOCK)


def test_a_port_that_went_between_two_readings_is_a_fault_too(tmp_path):
    link = tmp_path / "by-id"
    with slave(link=link) as far, bus_on(str(link)) as bus:
        assert bus.read(1, BLOCK) == held_by(BLOCK)
        far.unplug()
        assert kind_of(bus.read(1, BLOCK)) is Quality.NO_PORT
        far.plug()
        assert bus.read(1, BLOCK) == held_by(BLOCK)


def test_an_absent_port_is_tried_at_most_once_a_second_and_used_when_it_comes(tmp_path):
    link = tmp_path / "by-id"
    with bus_on(str(link), timing=TIMING) as bus:
        fault = bus.open()
        assert fault
        assert "is not there" in fault.detail
        with slave(link=link):
            assert bus.read(1, BLOCK) == fault  # nothing has been tried again yet
    with bus_on(str(link)) as bus:
        assert kind_of(bus.read(1, BLOCK)) is Quality.NO_PORT
        with slave(link=link):
            assert bus.read(1, BLOCK) == held_by(BLOCK)


def test_a_port_that_another_process_holds_is_refused_at_the_start():
    with slave() as far, bus_on(far.path) as bus:
        holder = os.open(far.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(PortBusyError, match="in use by another process"):
            bus.open()
        os.close(holder)
        assert bus.open() is None


def test_a_port_that_another_process_took_meanwhile_is_waited_for(tmp_path):
    link = tmp_path / "by-id"
    with slave(link=link) as far, bus_on(str(link)) as bus:
        assert bus.read(1, BLOCK) == held_by(BLOCK)
        far.unplug()
        assert kind_of(bus.read(1, BLOCK)) is Quality.NO_PORT
        far.plug()
        holder = os.open(str(link), os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        answer = bus.read(1, BLOCK)
        assert isinstance(answer, Fault)
        assert "in use by another process" in answer.detail
        os.close(holder)
        assert bus.read(1, BLOCK) == held_by(BLOCK)


def test_what_is_no_serial_port_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with (
        bus_on(str(tmp_path / "file")) as bus,
        pytest.raises(PortError, match="cannot be used as a serial port"),
    ):
        bus.open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_port_we_may_not_open_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "port").touch(mode=0)
    with bus_on(str(tmp_path / "port")) as bus, pytest.raises(PortError, match="group"):
        bus.open()


def test_a_driver_without_a_low_latency_mode_is_used_as_it_is():
    near, far = pty.openpty()  # a pseudo-terminal has no such ioctl
    with bus_on(os.ttyname(far)) as bus:
        assert bus.open() is None
        with pytest.raises(ValueError, match="ASYNC_LOW_LATENCY"):
            bus._port.set_low_latency_mode(True)
    os.close(near)
    os.close(far)


# --- the end comes in the middle


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


# --- any schedule of bytes


@st.composite
def mishaps(draw):
    """Draw what happens to one answer: its bytes, cut and delayed."""
    edit = draw(
        st.sampled_from(["none", "drop", "corrupt", "double", "twice", "silence"])
    )
    at, bit = draw(st.integers(0, 300)), draw(st.integers(0, 7))
    cuts = draw(st.lists(st.integers(0, 300), max_size=3))
    delays = draw(st.lists(st.sampled_from([0, 0.001, 0.012, 0.03]), max_size=4))
    noise = draw(st.binary(max_size=3))

    def script(request):
        answer = right(request)
        place = at % len(answer)
        match edit:
            case "drop":
                answer = answer[:place] + answer[place + 1 :]
            case "corrupt":
                spoilt = answer[place] ^ 1 << bit
                answer = answer[:place] + bytes((spoilt,)) + answer[place + 1 :]
            case "double":
                answer = answer[: place + 1] + answer[place:]
            case "twice":
                answer += answer
            case "silence":
                answer = b""
        answer = noise + answer
        ends = sorted(cut % (len(answer) + 1) for cut in cuts)
        for number, (begin, end) in enumerate(
            zip([0, *ends], [*ends, len(answer)], strict=True)
        ):
            yield (delays[number] if number < len(delays) else 0), answer[begin:end]

    return script


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(st.lists(mishaps(), min_size=1, max_size=5))
def test_no_schedule_of_bytes_gives_a_wrong_value(scripts):
    blocks = [BLOCK, OTHER, Block(function_code=4, address=0x60, count=7)]
    remaining = iter(scripts)

    def script(request):
        return next(remaining, good)(request)

    with slave(script) as far, bus_on(far.path, timeout_s=0.02) as bus:
        for number in range(len(scripts)):
            block = blocks[number % len(blocks)]
            answer = bus.read(1, block)
            assert isinstance(answer, Fault) or answer == held_by(block)
        while isinstance(answer := bus.read(1, BLOCK), Fault):
            assert answer.kind in (Quality.GARBLED, Quality.TIMEOUT)
        assert answer == held_by(BLOCK)


def test_the_scripted_registers_tell_their_address():
    with slave() as far, bus_on(far.path) as bus:
        bus.read(1, OTHER)
        assert data_of(far.requests[0]) == held_by(OTHER)

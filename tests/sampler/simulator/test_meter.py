# SPDX-License-Identifier: Apache-2.0
"""A whole meter without its wire: frames in, frames out."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.eastron_sdm630 import MODEL
from sampler.simulator.frame import LARGEST_FRAME, crc16, seal
from sampler.simulator.meter import Meter

MINUTE_NS = 60_000_000_000

bodies = st.one_of(
    st.binary(max_size=LARGEST_FRAME - 4),
    st.tuples(st.integers(0, 0x200), st.integers(0, 130)).map(
        lambda read: struct.pack(">HH", *read)
    ),
    st.tuples(
        st.integers(0, 0x20), st.floats(width=32) | st.sampled_from([1.0, 2.0, 60.0])
    ).map(lambda write: struct.pack(">HHBf", write[0], 2, 4, write[1])),
)
sealed_frames = st.builds(
    lambda unit_id, function_code, body: seal(bytes((unit_id, function_code)) + body),
    st.sampled_from([0, 1, 2, 255]),
    st.sampled_from([3, 4, 16]) | st.integers(0, 255),
    bodies,
)


def read(meter, function_code, address, count, *, elapsed_ns=MINUTE_NS):
    request = seal(struct.pack(">BBHH", 1, function_code, address, count))
    answer = meter.answer(request, elapsed_ns=elapsed_ns)
    assert crc16(answer) == 0
    assert answer[:3] == bytes((1, function_code, 2 * count))
    return answer[3:-2]


def write(meter, address, number, *, unit_id=1):
    data = struct.pack(">f", number)
    frame = seal(struct.pack(">BBHHB", unit_id, 16, address, 2, 4) + data)
    return meter.answer(frame, elapsed_ns=0)


def floats(data):
    return struct.unpack(f">{len(data) // 4}f", data)


def refusal(meter, frame):
    answer = meter.answer(seal(bytes.fromhex(frame)), elapsed_ns=0)
    assert crc16(answer) == 0
    assert len(answer) == 5
    assert answer[1] == bytes.fromhex(frame)[1] | 0x80
    return answer[2]


@given(noise=st.binary(max_size=2 * LARGEST_FRAME) | sealed_frames)
def test_only_a_sound_frame_for_our_unit_is_answered(noise):
    answer = Meter(MODEL, unit_id=1).answer(noise, elapsed_ns=MINUTE_NS)
    if answer is not None:
        assert crc16(noise) == 0
        assert 4 <= len(noise) <= LARGEST_FRAME
        assert noise[0] == answer[0] == 1
        assert answer[1] & 0x7F == noise[1]
        assert crc16(answer) == 0
        assert 5 <= len(answer) <= LARGEST_FRAME


@given(frames=st.lists(sealed_frames, max_size=10))
def test_every_request_to_our_unit_gets_one_answer_whatever_came_before(frames):
    meter = Meter(MODEL, unit_id=1)
    for frame in frames:
        answer = meter.answer(frame, elapsed_ns=0)
        is_request = (
            frame[0] == 1 and 0 < frame[1] < 0x80 and len(frame) <= LARGEST_FRAME
        )
        assert (answer is not None) == is_request


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("01 01 0000 0001", 1),  # coils
        ("01 06 0002 0001", 1),  # one register, which this meter cannot write
        ("01 04 006C 0002", 2),  # between two parts of the table
        ("01 04 0001 0002", 2),  # two halves of two numbers
        ("01 03 0100 0002", 2),
        ("01 04 0000 0000", 3),  # nothing
        ("01 04 0000 0052", 3),  # 82 registers, 80 is the most
        ("01 03 0000 FFFF", 3),
        ("01 10 0002 0002 04 40E00000", 3),  # a demand period of seven minutes
        ("01 10 000A 0002 04 40400000", 2),  # the system type is not ours to write
        ("01 10 FC00 0002 04 00000001", 2),  # neither is the serial number
        ("01 10 0002 0001 02 4270", 2),  # half a number
    ],
)
def test_a_request_that_cannot_be_fulfilled_is_refused_with_its_reason(frame, reason):
    assert refusal(Meter(MODEL), frame) == reason


def test_a_broadcast_is_obeyed_and_not_answered():
    meter = Meter(MODEL)
    assert floats(read(meter, 3, 0x0002, 2)) == (60.0,)
    assert write(meter, 0x0002, 15, unit_id=0) is None
    assert floats(read(meter, 3, 0x0002, 2)) == (15.0,)


def test_another_unit_is_none_of_our_business():
    meter = Meter(MODEL, unit_id=1)
    assert write(meter, 0x0002, 15, unit_id=2) is None
    assert floats(read(meter, 3, 0x0002, 2)) == (60.0,)


def test_a_write_is_acknowledged_with_address_and_count():
    answer = write(Meter(MODEL), 0x000C, 200)
    assert answer == seal(bytes.fromhex("01 10 000C 0002"))


def test_identity_and_factory_settings_can_be_read():
    meter = Meter(MODEL, unit_id=1, seed=7)
    assert int.from_bytes(read(meter, 3, 0xFC00, 2)) == 22_000_007
    assert floats(read(meter, 3, 0x000A, 2)) == (3.0,)
    assert floats(read(meter, 3, 0x0012, 4)) == (0.0, 1.0)
    assert floats(read(meter, 3, 0x001C, 2)) == (2.0,)


@pytest.mark.parametrize("seed", range(5))
def test_totals_are_the_sum_of_the_phases_and_stand_at_their_addresses(seed):
    meter = Meter(MODEL, seed=seed, load_w=11_000)
    live = floats(read(meter, 4, 0x0000, 80))
    counted = floats(read(meter, 4, 0x0156, 40))
    voltage, current, power, apparent, reactive, factor = (
        live[first : first + 3] for first in range(0, 18, 3)
    )
    for volts, amperes, watts, volt_amperes, vars_, cosine in zip(
        voltage, current, power, apparent, reactive, factor, strict=True
    ):
        assert volts * amperes == pytest.approx(volt_amperes)
        assert watts == pytest.approx(volt_amperes * cosine)
        assert watts**2 + vars_**2 == pytest.approx(volt_amperes**2)
    assert live[0x2A // 2] == pytest.approx(sum(voltage) / 3)
    assert live[0x30 // 2] == pytest.approx(sum(current))
    assert live[0x34 // 2] == pytest.approx(sum(power))
    assert live[0x38 // 2] == pytest.approx(sum(apparent))
    assert live[0x3C // 2] == pytest.approx(sum(reactive))
    assert live[0x46 // 2] == pytest.approx(50, abs=0.1)
    imported, exported = live[0x48 // 2], live[0x4A // 2]
    assert counted[0] == pytest.approx(imported + exported)
    assert imported == pytest.approx(sum(counted[2:5]))
    assert exported == pytest.approx(sum(counted[5:8]))
    assert counted[8:11] == pytest.approx(
        [counted[2 + n] + counted[5 + n] for n in range(3)]
    )
    assert live[0x4C // 2] == pytest.approx(sum(counted[11:14]))
    assert live[0x4E // 2] == pytest.approx(sum(counted[14:17]))


def test_the_counter_shows_the_energy_of_the_power_shown():
    meter = Meter(MODEL, seed=3, load_w=22_000)
    window_ns = 200_000_000
    shown = [
        floats(read(meter, 4, 0x0034, 24, elapsed_ns=window * window_ns))
        for window in range(3001)
    ]
    power_w = [values[0] for values in shown]
    import_kwh = [values[(0x48 - 0x34) // 2] for values in shown]
    integral_kwh = sum(power_w[1:]) * 0.2 / 3_600_000
    # A float32 of some hundred kWh counts in steps of 0.06 Wh.
    assert import_kwh[-1] - import_kwh[0] == pytest.approx(integral_kwh, abs=1.5e-4)
    assert integral_kwh == pytest.approx(3.6, rel=0.03)


def test_the_same_seed_is_the_same_meter():
    one, same, other = (Meter(MODEL, seed=seed) for seed in (4, 4, 5))
    assert read(one, 4, 0, 80) == read(same, 4, 0, 80)
    assert read(one, 4, 0, 80) != read(other, 4, 0, 80)

# SPDX-License-Identifier: Apache-2.0
"""Whatever a master does to a signing meter, and whenever."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator import registry
from sampler.simulator.frame import crc16, seal
from sampler.simulator.meter import Meter

SECOND_NS = 1_000_000_000

ADDRESSES = {
    "carlo_gavazzi_em580": (
        *(0x0000, 0x000B, 0x0800, 0x6900, 0x7000, 0x7031, 0x7040, 0x7100),
        *(0x7110, 0x7A00),
    ),
    "iskra_wm3m4c": (0, 414, 6985, 7000, 7051, 7054, 7056, 7071, 7100, 7612, 8316),
    "bauer_bsm_ws36a": (40000, 40092, 40195, 40260, 40279, 41286, 41540, 43295, 44290),
}
WORDS = (0, 1, 2, 0x41, 0x42, 0x45, 0x4200, 0x7200, 0x6900, 0xFFFF)

steps = st.one_of(
    st.tuples(
        st.just("read"), st.sampled_from([3, 4]), st.integers(0, 3), st.integers(0, 126)
    ),
    st.tuples(
        st.just("write"),
        st.sampled_from([6, 16]),
        st.integers(0, 3),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=6),
    ),
    st.tuples(st.just("cut"), st.integers(0, 20), st.none(), st.none()),
)


def frame_of(step, address):
    kind, code, offset, content = step
    at = min(address + offset, 0xFFFF)
    if kind == "read":
        return seal(struct.pack(">BBHH", 1, code, at, content))
    if code == 6:
        return seal(struct.pack(">BBHH", 1, 6, at, content[0]))
    data = struct.pack(f">{len(content)}H", *content)
    head = struct.pack(">BBHHB", 1, 16, at, len(content), len(data))
    return seal(head + data)


@pytest.mark.parametrize("name", sorted(ADDRESSES))
@given(data=st.data())
def test_every_request_is_answered_once_or_there_is_no_power(name, data):
    meter, now_ns, dark_until_ns = Meter(registry.find(name)), 0, 0
    for step in data.draw(st.lists(steps, max_size=20)):
        now_ns += data.draw(st.integers(0, 3)) * SECOND_NS
        if step[0] == "cut":
            if now_ns >= dark_until_ns:
                meter.cut_power(at_ns=now_ns, for_ns=step[1] * SECOND_NS)
                dark_until_ns = now_ns + step[1] * SECOND_NS + meter.model.boot_ns
            continue
        address = data.draw(st.sampled_from(ADDRESSES[name]))
        frame = frame_of(step, address)
        answer = meter.answer(frame, elapsed_ns=now_ns)
        assert (answer is None) == (now_ns < dark_until_ns)
        if answer is not None:
            assert crc16(answer) == 0
            assert answer[1] & 0x7F == frame[1]
            assert len(answer) <= 256


@pytest.mark.parametrize("name", sorted(registry.SIGNING))
def test_the_same_seed_is_the_same_meter_and_another_is_another(name):
    address, count = {
        "carlo_gavazzi_em580": (0x2600, 62),
        "iskra_wm3m4c": (8124, 32),
        "bauer_bsm_ws36a": (40451, 48),
    }[name]
    request = seal(struct.pack(">BBHH", 1, 3, address, count))
    keys = [
        Meter(registry.find(name), seed=seed).answer(request, elapsed_ns=0)
        for seed in (1, 1, 2)
    ]
    assert keys[0] == keys[1] != keys[2]

# SPDX-License-Identifier: Apache-2.0
"""No two blocks of a meter are asked with one length; the probe has its own."""

from hypothesis import given
from hypothesis import strategies as st

from ipc.sample import QUANTITIES, Quantity
from sampler import lengths, registermap
from sampler.encoding import Encoding
from sampler.plan import Block, plan
from sampler.registermap import Register
from sampler.wire import Wire
from tests.sampler.maps import WIRES, profile_of, register_maps

WIRE = Wire(baudrate=9600, bits=10)


def registers_at(*addresses: int, encoding=Encoding.FLOAT32, **more):
    return {
        quantity: Register(address=address, encoding=encoding, **more)
        for quantity, address in zip(QUANTITIES, addresses, strict=False)
    }


def asked_of(profile, **more):
    return lengths.distinct(plan(profile, WIRE).blocks, profile, **more)


@given(register_maps(most=len(QUANTITIES)), WIRES, st.integers(4, 125))
def test_what_is_asked_covers_each_block_and_stays_within_the_limits(
    registers, wire, largest
):
    profile = profile_of(registers, largest_block=largest)
    blocks = plan(profile, wire).blocks
    asked = lengths.distinct(blocks, profile)
    pairs = list(zip(blocks, asked, strict=True))
    for block, ask in pairs:
        assert ask.address == block.address
        assert block.count <= ask.count <= largest
    for before, (block, ask) in zip(asked, [*pairs[1:], pairs[0]], strict=True):
        if ask != block:
            assert ask.count != before.count


def test_equal_blocks_are_asked_with_a_value_more_in_turns():
    asked = asked_of(profile_of(registers_at(0, 1000, 2000, 3000)))
    assert [ask.count for ask in asked] == [2, 4, 2, 4]
    asked = asked_of(profile_of(registers_at(0, 1000, 2000)))
    assert [ask.count for ask in asked] == [2, 4, 6]  # the first follows the last


def test_the_first_block_does_not_grow_into_the_length_of_a_last_one_that_may_not():
    registers = {
        **registers_at(0),
        Quantity.POWER_L1_W: Register(
            address=2, encoding=Encoding.UINT32, alone=True, optional=True
        ),
        Quantity.POWER_L2_W: Register(
            address=4, encoding=Encoding.UINT64, alone=True, optional=True
        ),
    }
    asked = asked_of(profile_of(registers, largest_block=4))
    assert [ask.count for ask in asked] == [2, 2, 4]


def test_no_block_has_the_length_of_a_probe():
    profile = profile_of(registers_at(0, 1000))
    assert [ask.count for ask in asked_of(profile, reserved={4})] == [2, 6]


def test_a_block_that_was_refused_longer_is_asked_as_it_is():
    profile = profile_of(registers_at(0, 1000, 2000))
    refused = Block(function_code=4, address=1000, count=2)
    asked = asked_of(profile, exact={refused})
    assert [ask.count for ask in asked] == [4, 2, 6]


def test_a_block_that_may_not_grow_does_not():
    for profile in (
        profile_of(registers_at(0, 1000, alone=True)),
        profile_of(registers_at(0, 1000, optional=True)),
        profile_of(registers_at(0xFFFA, 0xFFFE), largest_block=4),
        profile_of(registers_at(0, 1000, encoding=Encoding.UINT64), largest_block=4),
    ):
        blocks = plan(profile, WIRE).blocks
        assert lengths.distinct(blocks, profile) == blocks


@given(
    register_maps(most=len(QUANTITIES)),
    st.sets(st.integers(1, 125)),
    st.integers(4, 125),
)
def test_a_probe_has_a_length_of_its_own_within_the_limits(registers, taken, largest):
    profile = profile_of(registers, largest_block=largest)
    probes = lengths.probes(taken, profile, most=4)
    counts = [probe.count for probe in probes]
    assert len(set(counts)) == len(counts) <= 4
    assert not taken & set(counts)
    for probe in probes:
        assert probe.count <= largest
        assert probe.address in {r.start for r in registers.values()}


def test_an_sdm630_is_probed_by_its_first_values():
    profile = registermap.load("eastron_sdm630")
    probes = lengths.probes({30, 24, 2, 12}, profile, most=4)
    assert [(probe.address, probe.count) for probe in probes] == [
        (0, 4),
        (0, 6),
        (0, 8),
        (0, 10),
    ]


def test_a_meter_with_one_value_is_probed_for_more_than_it_may_have():
    profile = profile_of(registers_at(7))
    probes = lengths.probes({2, 4}, profile, most=2)
    assert [(probe.address, probe.count) for probe in probes] == [(7, 6), (7, 8)]


def test_where_every_length_is_taken_there_is_no_probe():
    profile = profile_of(registers_at(0), largest_block=4)
    assert lengths.probes({2, 4}, profile, most=4) == ()
    alone = profile_of(registers_at(0, alone=True))
    assert lengths.probes(set(), alone, most=4) == ()


def test_a_probe_does_not_read_what_must_be_read_alone():
    registers = registers_at(0, 2, 4) | {
        Quantity.POWER_W: Register(address=6, encoding=Encoding.FLOAT32, alone=True)
    }
    probes = lengths.probes({2}, profile_of(registers), most=2)
    assert [(probe.address, probe.count) for probe in probes] == [(0, 4), (0, 6)]


def test_a_probe_is_no_longer_than_the_device_bears():
    profile = profile_of(registers_at(0, 2, 4, 6), largest_block=4)
    probes = lengths.probes({2}, profile, most=4)
    assert [(probe.address, probe.count) for probe in probes] == [(0, 4)]

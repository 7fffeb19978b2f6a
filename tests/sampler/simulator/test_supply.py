# SPDX-License-Identifier: Apache-2.0
"""The mains of a meter, and a meter that signs nothing when they fail."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.eastron_sdm630 import MODEL
from sampler.simulator.errors import OptionError
from sampler.simulator.frame import seal
from sampler.simulator.meter import Meter
from sampler.simulator.supply import PowerEvent, Supply

LOST, BACK = PowerEvent.LOST, PowerEvent.BACK

outages = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=5
)


def cut(gaps, *, boot_ns):
    """Make outages that follow one another after these gaps, of these lengths."""
    supply, now_ns, spans = Supply(boot_ns=boot_ns), 0, []
    for gap, length in gaps:
        begin = now_ns + gap
        supply.cut(at_ns=begin, for_ns=length)
        spans.append((begin, begin + length))
        now_ns = begin + length + boot_ns
    return supply, spans, now_ns


@given(gaps=outages, boot_ns=st.integers(0, 50), now_ns=st.integers(0, 1500))
def test_the_load_runs_when_and_only_when_there_is_power(gaps, boot_ns, now_ns):
    supply, spans, _ = cut(gaps, boot_ns=boot_ns)
    dark = [any(begin <= ns < end for begin, end in spans) for ns in range(now_ns)]
    assert supply.powered_ns(now_ns) == dark.count(False)


@given(gaps=outages, boot_ns=st.integers(0, 50))
def test_the_meter_is_up_but_for_the_outage_and_its_start(gaps, boot_ns):
    supply, spans, end_ns = cut(gaps, boot_ns=boot_ns)
    for ns in range(end_ns + 2):
        is_down = any(begin <= ns < end + boot_ns for begin, end in spans)
        assert supply.is_up(ns) is not is_down


@given(gaps=outages, looks=st.lists(st.integers(0, 300), max_size=20))
def test_every_event_is_told_once_in_order_and_not_before_its_time(gaps, looks):
    supply, spans, end_ns = cut(gaps, boot_ns=7)
    told, now_ns = [], 0
    for look in [*looks, end_ns]:
        now_ns += look
        events = supply.happened(now_ns)
        assert all(at_ns <= now_ns for at_ns, _ in events)
        told += events
    assert told == [
        event for begin, end in spans for event in ((begin, LOST), (end + 7, BACK))
    ]


def test_outages_do_not_overlap():
    supply = Supply(boot_ns=6)
    supply.cut(at_ns=10, for_ns=4)
    with pytest.raises(OptionError, match="not up before 20 ns"):
        supply.cut(at_ns=19, for_ns=1)
    supply.cut(at_ns=20, for_ns=1)


def test_any_meter_is_silent_without_power_and_counts_nothing():
    meter, request = Meter(MODEL), seal(struct.pack(">BBHH", 1, 4, 0x0156, 2))
    meter.cut_power(at_ns=10_000_000_000, for_ns=3_600_000_000_000)
    before = meter.answer(request, elapsed_ns=9_999_999_999)
    assert meter.answer(request, elapsed_ns=10_000_000_000) is None
    assert meter.answer(request, elapsed_ns=3_609_999_999_999) is None
    after = meter.answer(request, elapsed_ns=3_610_000_000_000)
    counted = [struct.unpack(">f", each[3:7])[0] for each in (before, after)]
    assert counted[1] == pytest.approx(counted[0], abs=0.002)


def test_a_power_cut_in_the_past_is_one_now():
    meter, request = Meter(MODEL), seal(struct.pack(">BBHH", 1, 4, 0, 2))
    assert meter.answer(request, elapsed_ns=1000) is not None
    meter.cut_power(at_ns=0, for_ns=10)
    assert meter.answer(request, elapsed_ns=1005) is None
    assert meter.answer(request, elapsed_ns=1010) is not None

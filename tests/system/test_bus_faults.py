# SPDX-License-Identifier: Apache-2.0
"""Nothing that happens on a wire can stop the sampler, or gives a wrong value."""

import itertools

import msgspec
import pytest

from ipc.sample import Quality
from sampler.simulator.frame import seal
from sampler.timing import Timing
from tests.sampler.wires import refusal
from tests.system.bus_faults import (
    HANDLED,
    OTHERS,
    SPOILS,
    TICKS,
    try_spoil,
)
from tests.system.bus_rig import FAR_ENDS, UNIT, running

pytestmark = [pytest.mark.system, pytest.mark.slow]

KINDS = {
    "no answer": {"TIMEOUT"},
    "answer after the time-out": {"TIMEOUT"},
    "echo and no answer": {"TIMEOUT"},
    "exception: busy": {"REFUSED"},
    "value is not a number": {"IMPLAUSIBLE"},
    "voltage ten times too high": {"IMPLAUSIBLE"},
    "energy gone back": {"IMPLAUSIBLE"},
    "energy jumped": {"IMPLAUSIBLE"},
}


HASTE = Timing(settle_s=0.05, reopen_s=0.2)
"""There is no USB adapter to be patient with."""


TRIES = 3
"""A machine that stalls may make any sample late; three in a row it does not."""


@pytest.fixture(scope="module", params=FAR_ENDS)
def rig(request, tmp_path_factory):
    """Give a running sampler with a good sample, for one test after the other."""
    directory = tmp_path_factory.mktemp("rig")
    with (
        FAR_ENDS[request.param]() as far_end,
        running(directory, far_end, timing=HASTE) as rig,
    ):
        yield rig


@pytest.fixture
def own_rig(tmp_path):
    """Give one that only this test spoils: what it learns, it keeps."""
    with FAR_ENDS["simulator"]() as far_end, running(tmp_path, far_end) as rig:
        yield rig


@pytest.mark.parametrize("fault", SPOILS)
def test_a_spoilt_answer_gives_no_wrong_value_and_is_forgotten_soon(rig, fault):
    expected = {"GOOD"} if fault in HANDLED else KINDS.get(fault, {"GARBLED"})
    shown = []
    for _ in range(TRIES):
        row = try_spoil(rig, fault)
        assert row.wrong == 0
        assert row.seconds < 2
        shown.append(row.shown)
        # A tick may be good that began before the fault did, or fell between two.
        if expected <= set(row.shown) <= expected | {"GOOD"}:
            return
    raise AssertionError(f"shown were {shown}")


@pytest.mark.parametrize("attempt", OTHERS)
def test_a_port_that_goes_is_a_hole_and_is_used_again_when_it_is_back(rig, attempt):
    row = attempt(rig)
    assert row.wrong == 0
    assert set(row.shown) - {"GOOD"} == {"NO_PORT"}
    assert row.seconds < 2.5


def test_every_tick_of_a_fault_has_its_sample(rig):
    rig.line.script = lambda _: ()
    samples = rig.until(lambda taken: len(taken) >= 6)
    rig.line.script = rig.faithful
    rig.until_right()
    for before, after in itertools.pairwise(samples):
        missed = after.overruns - before.overruns
        assert after.tick == before.tick + 1 + missed


def test_blocks_that_are_refused_are_read_smaller_and_said_once(own_rig):
    far_end = own_rig.far_end

    def small_blocks_only(request):
        answer = refusal(request, 3) if request.count > 20 else far_end.ask(request)
        yield 0, answer

    own_rig.line.script = small_blocks_only
    own_rig.until(lambda taken: any(not sample.is_good for sample in taken))
    *_, sample = own_rig.until_right()
    assert far_end.is_right(sample)
    said = [fields for _, event, fields in own_rig.log.lines if event == "block_split"]
    assert said
    places = [(fields["address"], fields["registers"]) for fields in said]
    assert len(set(places)) == len(places)
    assert all(registers > 20 for _, registers in places)
    own_rig.until(lambda taken: len(taken) >= TICKS)
    assert max(request.count for request in own_rig.line.requests[-4:]) <= 20


def test_a_dead_meter_beside_a_living_one_costs_it_no_sample(tmp_path):
    with (
        FAR_ENDS["simulator"]() as far_end,
        running(tmp_path, far_end, units=(UNIT, UNIT + 1), rate_hz=5) as rig,
    ):
        # Nobody answers as the second unit.
        taken = rig.until(lambda taken: len(taken) >= 30)
        first, second = ([s for s in taken if s.meter == n] for n in (0, 1))
        good = [sample for sample in first if sample.is_good]
        assert all(far_end.is_right(sample) for sample in good)
        assert len(good) > 0.8 * len(first)  # all, but for a machine that stalls
        assert {sample.quality for sample in second} == {Quality.TIMEOUT}
        assert {s.tick for s in first[1:-1]} <= {s.tick for s in second}
        asked = [r.count for r in rig.line.requests if r.unit_id == UNIT + 1]
        assert len(asked) < len(second)

        def also_the_second(request):
            as_first = msgspec.structs.replace(request, unit_id=UNIT)
            answer = far_end.ask(as_first)
            yield 0, seal(bytes((request.unit_id,)) + answer[1:-2])

        rig.line.script = also_the_second
        rig.until(lambda taken: sum(s.meter == 1 and s.is_good for s in taken) > 3)

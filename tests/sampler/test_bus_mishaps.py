# SPDX-License-Identifier: Apache-2.0
"""The bus under any schedule of bytes: a fault or the right value, nothing else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipc.sample import Quality
from sampler.fault import Fault
from sampler.plan import Block
from tests.sampler.exchanges import BLOCK, OTHER, held_by
from tests.sampler.wires import bus_on, good, right, slave


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

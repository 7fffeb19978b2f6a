# SPDX-License-Identifier: Apache-2.0
"""All models on a meter that has its listed registers, and refuses every other."""

import pytest

from sampler import registermap
from sampler.plan import plan
from tests.sampler.readers import NO_SUCH, WIRE, Case


def listed(profile) -> set[tuple[int, int]]:
    """Give every register a profile names, each with its function code."""
    default = profile.meter.function_code
    found = set()
    for register in profile.registers.values():
        code = register.function_code or default
        own = register.address, register.address + register.encoding.words
        parts = [
            own,
            *([(register.plus.address, register.plus.end)] if register.plus else []),
        ]
        found |= {(code, at) for start, end in parts for at in range(start, end)}
    for exponent in profile.exponents.values():
        end = exponent.address + exponent.encoding.words
        code = exponent.function_code or default
        found |= {(code, at) for at in range(exponent.address, end)}
    return found


@pytest.mark.parametrize("model", sorted(registermap.names()))
def test_every_model_is_read_whole_by_a_meter_that_has_nothing_but_its_registers(model):
    profile = registermap.load(model)
    known = listed(profile)

    def strict(block):
        wanted = range(block.address, block.address + block.count)
        has_all = all((block.function_code, at) in known for at in wanted)
        return bytes(2 * block.count) if has_all else NO_SUCH

    case = Case(profile, strict)
    everything = plan(profile, WIRE)
    whole = everything.decode([bytes(2 * b.count) for b in everything.blocks])
    for _ in range(60):
        reading = case.read()
    assert reading.fault is None
    assert repr(reading.values) == repr(whole)

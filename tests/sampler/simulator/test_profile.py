# SPDX-License-Identifier: Apache-2.0
"""Every profile simulated, and read back through the plan that the sampler makes."""

import struct

import pytest

from ipc.sample import QUANTITIES, Quantity, is_present
from sampler import registermap
from sampler.identity import IdentityRegister
from sampler.plan import plan
from sampler.simulator import profile, quantities, registry
from sampler.simulator.errors import UnknownModelError
from sampler.simulator.frame import crc16, seal
from sampler.simulator.load import Load, LoadState
from sampler.simulator.meter import Meter
from sampler.wire import Wire

MINUTE_NS = 60_000_000_000
MODELS = registry.names()

SERIALS_OF_SIGNING = {"KZ2200000501D", "W2000005", "001BZR1522000005"}
"""Of the same meter, in the form of those that sign."""


def ask(meter: Meter, function_code: int, address: int, count: int) -> bytes:
    request = seal(struct.pack(">BBHH", 1, function_code, address, count))
    answer = meter.answer(request, elapsed_ns=MINUTE_NS)
    assert crc16(answer) == 0
    assert answer[1] == function_code, f"refused {address} with {answer[2]}"
    return answer[3:-2]


def truth() -> LoadState:
    return Load(seed=5, power_w=22_000).at(MINUTE_NS)


def resolution(loaded: registermap.Profile, quantity: Quantity) -> float:
    """Give the worth of one count, as the register of the quantity has it."""
    register = loaded.registers[quantity]
    finest = register.plus.scale if register.plus else register.scale
    return 1e-3 if register.encoding.is_float else abs(finest)


@pytest.mark.parametrize("rate", [9600, 115200])
@pytest.mark.parametrize("model", MODELS)
def test_what_is_read_is_what_the_load_is(model, rate):
    loaded = registermap.load(model)
    meter = Meter(registry.find(model), seed=5, load_w=22_000)
    planned = plan(loaded, Wire(baudrate=rate, bits=10))
    answers = [ask(meter, b.function_code, b.address, b.count) for b in planned.blocks]
    decoded = planned.decode(answers)
    values = dict(zip(QUANTITIES, decoded.values, strict=True))
    assert decoded.implausible == ()
    wiring = quantities.wiring_of(loaded.registers)
    for quantity, value in values.items():
        assert is_present(value) == (quantity in loaded.registers)
        if quantity in loaded.registers:
            shown = quantities.shown(quantity.value, wiring)(truth())
            step = resolution(loaded, quantity)
            # 16 bits and a power of ten for a whole meter leave two digits.
            digits = 2e-2 if loaded.registers[quantity].exponent else 2e-7
            assert value == pytest.approx(shown, rel=digits, abs=step), quantity


@pytest.mark.parametrize("model", MODELS)
def test_a_model_can_be_recognised_by_its_marks(model):
    identity = registermap.load(model).identity
    meter = Meter(profile.model(model), seed=5)
    for mark in identity.marks:
        assert mark.matches(ask(meter, mark.function_code, mark.address, mark.words))


@pytest.mark.parametrize("model", MODELS)
def test_a_model_shows_its_serial_number(model):
    where: IdentityRegister | None = registermap.load(model).identity.serial_number
    if where is not None:
        meter = Meter(registry.find(model), seed=5)
        data = ask(meter, where.function_code, where.address, where.words)
        shown = str(where.value(data))
        assert shown in {"22000005", "2200000", *SERIALS_OF_SIGNING}


def test_marks_tell_models_apart():
    marked = [
        (model, registermap.load(model).identity.marks)
        for model in MODELS
        if registermap.load(model).identity.marks
    ]
    for model, _ in marked:
        meter = Meter(profile.model(model), seed=5)
        alike = [
            other
            for other, marks in marked
            if all(_bears(meter, mark) for mark in marks)
        ]
        assert alike == [model]


def _bears(meter: Meter, mark: IdentityRegister) -> bool:
    request = struct.pack(">BBHH", 1, mark.function_code, mark.address, mark.words)
    answer = meter.answer(seal(request), elapsed_ns=0)
    return answer[1] == mark.function_code and mark.matches(answer[3:-2])


def test_what_an_abb_does_not_have_reads_all_ones():
    meter = Meter(registry.find("abb_b21"))
    assert ask(meter, 3, 0x5B02, 4) == b"\xff" * 8


def test_a_meter_in_reverse_counts_up_on_its_second_register_only():
    cells = profile.model("dzg_dvh4013").tables(None)[0].cells
    importing, exporting = (c for c in cells if c.address in (0, 2))
    assert importing.value(truth()) > 0 == exporting.value(truth())


def test_every_profile_can_be_simulated_and_nothing_else():
    assert set(MODELS) == set(registermap.names())
    with pytest.raises(UnknownModelError, match="acme_1"):
        registry.find("acme_1")

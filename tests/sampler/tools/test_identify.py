# SPDX-License-Identifier: Apache-2.0
"""Which model a meter is taken for, and how sure that is."""

import struct

import msgspec
import pytest

from ipc.sample import Quality
from sampler import registermap
from sampler.fault import Fault
from sampler.identity import Identity, IdentityEncoding, IdentityRegister, Mark
from sampler.simulator import registry
from sampler.simulator.meter import Meter
from sampler.tools.identify import UNKNOWN, identify
from sampler.tools.line import LineSettings
from tests.sampler.served import SimulatedBus

WIRE = LineSettings().wire
PROFILES = {name: registermap.load(name) for name in registermap.names()}
SDM630 = PROFILES["eastron_sdm630"]

CODE = Mark(
    function_code=4, address=11, encoding=IdentityEncoding.UINT16, values=[341, 342]
)
NAME = Mark(
    function_code=3,
    address=50,
    encoding=IdentityEncoding.ASCII,
    length=2,
    values=["B2"],
)
NUMBER = IdentityRegister(
    function_code=3, address=90, encoding=IdentityEncoding.ASCII, length=3
)


class Registers:
    """A meter as a dictionary: function code and address to bytes, else refused."""

    def __init__(self, **cells):
        self.cells = cells
        self.reads = []

    def read(self, unit_id, block):
        self.reads.append((unit_id, block))
        data = self.cells.get(f"f{block.function_code}_{block.address}")
        if data is None or len(data) != 2 * block.count:
            return Fault(kind=Quality.REFUSED, detail="illegal data address", code=2)
        return data


def model(*marks, serial_number=None):
    identity = Identity(marks=list(marks), serial_number=serial_number)
    return msgspec.structs.replace(SDM630, identity=identity)


def test_a_meter_is_what_its_own_register_says():
    bus = Registers(f4_11=struct.pack(">H", 342), f3_90=b"AB1234")
    profiles = {"a": model(CODE, serial_number=NUMBER), "b": model(NAME)}
    found = identify(bus, 7, profiles, wire=WIRE)
    assert (found.models, found.is_certain) == (("a",), True)
    assert found.serial_number == "AB1234"
    assert {unit_id for unit_id, _ in bus.reads} == {7}


def test_every_mark_must_hold():
    bus = Registers(f4_11=struct.pack(">H", 341))
    assert identify(bus, 1, {"a": model(CODE, NAME)}, wire=WIRE) == UNKNOWN


def test_another_code_is_another_model():
    bus = Registers(f4_11=struct.pack(">H", 343))
    assert identify(bus, 1, {"a": model(CODE)}, wire=WIRE) == UNKNOWN


def test_models_of_one_family_all_fit():
    bus = Registers(f4_11=struct.pack(">H", 341))
    found = identify(bus, 1, {"a": model(CODE), "b": model(CODE)}, wire=WIRE)
    assert found.models == ("a", "b")
    assert len(bus.reads) == 1, "the same register was read twice"


def test_a_refused_serial_number_is_none():
    bus = Registers(f4_11=struct.pack(">H", 341))
    profiles = {"a": model(CODE, serial_number=NUMBER)}
    assert identify(bus, 1, profiles, wire=WIRE).serial_number is None


def test_what_says_nothing_and_shows_no_mains_is_unknown():
    assert identify(Registers(), 1, PROFILES, wire=WIRE) == UNKNOWN


def test_a_meter_without_a_code_is_guessed_by_its_values_and_said_to_be_guessed():
    bus = SimulatedBus(Meter(registry.find("eastron_sdm630"), unit_id=3, seed=5))
    found = identify(bus, 3, PROFILES, wire=WIRE)
    assert "eastron_sdm630" in found.models[:3]
    assert not found.is_certain
    assert found.serial_number == "22000005"


def test_a_model_with_a_code_is_not_guessed_when_the_meter_does_not_show_it():
    bus = SimulatedBus(Meter(registry.find("eastron_sdm630")))
    profiles = {"coded": model(CODE), "plain": model()}
    assert identify(bus, 1, profiles, wire=WIRE).models == ("plain",)


def test_a_single_phase_map_fits_worse_than_the_one_that_is_measured_whole():
    bus = SimulatedBus(Meter(registry.find("eastron_sdm630")))
    names = ("eastron_sdm120", "eastron_sdm630", "eastron_sdm72_v2")
    profiles = {name: PROFILES[name] for name in names}
    assert identify(bus, 1, profiles, wire=WIRE).models[0] == "eastron_sdm630"


def test_only_live_values_and_identities_are_read_never_written():
    bus = SimulatedBus(Meter(registry.find("eastron_sdm630")))
    identify(bus, 1, PROFILES, wire=WIRE)
    assert {block.function_code for _, block in bus.reads} <= {3, 4}
    assert len(bus.reads) == len(set(bus.reads)), "something was read twice"


@pytest.mark.parametrize("name", registry.names())
def test_every_simulated_meter_is_recognised(name):
    if "frequency_l1_hz" not in PROFILES[name].registers and not (
        PROFILES[name].identity.marks
    ):
        pytest.skip("neither a code nor a frequency: nothing to recognise it by")
    found = identify(SimulatedBus(Meter(registry.find(name))), 1, PROFILES, wire=WIRE)
    assert name in found.models

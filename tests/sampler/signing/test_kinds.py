# SPDX-License-Identifier: Apache-2.0
"""Which meters of a bus are commanded, and how: it stands in their profiles."""

import pytest

from ipc.commands import Call, Failed, FailureKind, GetIdentity
from ipc.config import BusTable, MeterTable, Signing
from sampler import registermap
from sampler.check import plan_bus
from sampler.signing.kinds import arbiter_of, signer_of
from tests.sampler.signing.desk import Sampled

SECOND_NS = 10**9


def meter(name, unit_id, model, signing):
    return MeterTable(
        name=name,
        model=model,
        unit_id=unit_id,
        module_id=f"pm_{name}",
        signing=signing,
    )


def arbiter_for(*meters):
    planned = plan_bus(BusTable(name="b", port="/dev/p", baudrate=19_200, meter=meters))
    return arbiter_of(planned, [Sampled() for _ in meters])


def ask(arbiter, name):
    arbiter.take(1, Call(number=1, meter=name, command=GetIdentity(), timeout_s=9), 0)


def test_only_the_meters_that_are_to_sign_are_commanded_each_at_its_address():
    arbiter = arbiter_for(
        meter("plain", 1, "eastron_sdm630", Signing.NONE),
        meter("own", 7, "bauer_bsm_ws36a", Signing.METER),
        meter("ours", 9, "carlo_gavazzi_em580", Signing.GATEWAY),
    )
    ask(arbiter, "own")
    errand = arbiter.next(0, SECOND_NS)
    assert (errand.meter, errand.unit_id) == ("own", 7)
    for name in ("plain", "ours"):
        ask(arbiter, name)
        [ended] = arbiter.ended()
        assert isinstance(ended.outcome, Failed)
        assert ended.outcome.kind is FailureKind.NOT_SUPPORTED


def test_a_bus_on_which_nobody_signs_has_nothing_to_command():
    arbiter = arbiter_for(meter("plain", 1, "eastron_sdm630", Signing.NONE))
    assert arbiter.next(0, SECOND_NS) is None
    assert arbiter.due_ns is None


@pytest.mark.parametrize("model", ["iskra_wm3m4", "eastron_sdm630"])
def test_a_model_that_cannot_sign_has_no_signer(model):
    assert signer_of(registermap.load(model)) is None

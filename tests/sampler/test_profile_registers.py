# SPDX-License-Identifier: Apache-2.0
"""Every register of every profile, against tables that know nothing of profiles."""

import msgspec
import pytest

from ipc.sample import Quantity
from sampler import registermap
from tests.sampler.specimens import decoded, memory_with
from tests.sampler.tables import MBMD_MODELS, facts, mbmd, rows

MODELS = sorted(registermap.names())


@pytest.mark.parametrize("model", sorted(facts()))
def test_each_register_shows_what_the_transcribed_table_says(model):
    memory, expected = memory_with(facts()[model])
    if model == "acrel_djsf1352_rn":  # its exponent registers are never negative
        for at in (2, 6, 18):
            memory[3][at : at + 2] = (1).to_bytes(2)
        expected |= {
            q: 1000 * expected[q] for q in expected if q.endswith(("_v", "_a"))
        }
        expected[Quantity.POWER_W] *= 1000
    values = decoded(model, memory)
    for quantity, value in expected.items():
        assert values[quantity] == pytest.approx(value, rel=1e-12), quantity
        assert isinstance(values[quantity], int) == quantity.is_energy


@pytest.mark.parametrize("model", sorted(mbmd()))
def test_each_register_shows_what_mbmd_says(model):
    memory, expected = memory_with(mbmd()[model])
    values = decoded(model, memory)
    for quantity, value in expected.items():
        assert values[quantity] == pytest.approx(value, rel=1e-12), quantity


@pytest.mark.parametrize("model", MODELS)
def test_no_register_stands_in_a_profile_alone(model):
    known = {
        fact.quantity for fact in (*facts().get(model, ()), *mbmd().get(model, ()))
    }
    assert set(registermap.load(model).registers) - known == set()


@pytest.mark.parametrize("model", sorted(facts().keys() & mbmd().keys()))
def test_where_both_tables_list_a_register_they_agree(model):
    transcribed = {fact.quantity: fact for fact in facts()[model]}
    both = [fact for fact in mbmd()[model] if fact.quantity in transcribed]
    assert both
    for fact in both:
        other = transcribed[fact.quantity]
        assert fact.type[1:] == "16" or fact.low_first == other.low_first
        assert fact == msgspec.structs.replace(other, low_first=fact.low_first)


def test_every_type_of_mbmd_has_its_profile():
    assert {row["meter"] for row in rows("mbmd_registers.csv")} == set(MBMD_MODELS)
    assert set(MBMD_MODELS.values()) <= set(MODELS)

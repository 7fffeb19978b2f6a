# SPDX-License-Identifier: Apache-2.0
"""Energies and instants as OCMF writes them: exact to the last decimal."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import literal
from publisher.errors import OcmfError
from publisher.ocmf import Register, Sync, Unit
from tests.strategies_ocmf import ENERGIES, INSTANTS, LATEST_NS, REGISTER, registers

MWH = {Unit.KWH: Decimal(10**6), Unit.WH: Decimal(10**3)}


def written(energy: int, register: Register) -> str:
    return literal.energy(
        energy, finest=register.unit.finest, decimals=register.decimals
    )


@given(energy=ENERGIES, register=registers())
def test_a_value_is_the_exact_decimal_nearest_to_the_energy(energy, register):
    text = written(energy, register)
    assert re.fullmatch(r"0|[1-9][0-9]*", text.split(".")[0])
    assert len(text.partition(".")[2]) == register.decimals
    off_mwh = Decimal(text) * MWH[register.unit] - energy
    assert abs(off_mwh) * 2 <= 10 ** (register.unit.finest - register.decimals)


@given(count=st.integers(0, 10**9), register=registers())
def test_what_the_meter_counts_is_written_without_rounding(count, register):
    energy = count * 10 ** (register.unit.finest - register.decimals)
    assert Decimal(written(energy, register)) * MWH[register.unit] == energy


@given(first=ENERGIES, more=ENERGIES, register=registers())
def test_rounding_never_turns_an_increase_into_a_decrease(first, more, register):
    begin, end = (Decimal(written(at, register)) for at in (first, first + more))
    assert begin <= end


@pytest.mark.parametrize(
    ("energy", "unit", "decimals", "text"),
    [
        (269_110_000, Unit.KWH, 3, "269.110"),
        (268_977_997, Unit.KWH, 3, "268.978"),  # 268.978 kWh as the meter's float32
        (0, Unit.KWH, 3, "0.000"),
        (5, Unit.KWH, 6, "0.000005"),
        (500, Unit.WH, 0, "1"),
        (499, Unit.WH, 0, "0"),
        (1_833_000, Unit.WH, 0, "1833"),
        (1_833_100, Unit.WH, 1, "1833.1"),
        (10**15, Unit.KWH, 2, "1000000000.00"),
    ],
)
def test_values_as_they_are_written(energy, unit, decimals, text):
    assert written(energy, Register(unit=unit, decimals=decimals)) == text


@given(wall_ns=INSTANTS, sync=st.sampled_from(Sync))
def test_a_time_is_in_ocmfs_form_and_cut_to_its_millisecond(wall_ns, sync):
    found = re.fullmatch(
        r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d),(\d{3})\+0000 ([UIS])",
        literal.instant(wall_ns, sync),
    )
    assert found
    assert found[3] == sync
    at = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    seconds = (at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    assert int(seconds) * 1000 + int(found[2]) == wall_ns // 1_000_000


@pytest.mark.parametrize("wall_ns", [LATEST_NS + 1, 2**63 * 10**9])
def test_a_time_without_four_digits_for_its_year_is_refused(wall_ns):
    with pytest.raises(OcmfError, match="TM: "):
        literal.instant(wall_ns, Sync.UNKNOWN)


@pytest.mark.parametrize("energy", [-1, -(2**63)])
def test_a_negative_or_absent_energy_is_refused(energy):
    with pytest.raises(OcmfError, match=f"RV: {energy} mWh"):
        written(energy, REGISTER)


@given(text=st.text(st.characters(exclude_categories=("Cs",))))
def test_any_text_is_printable_ascii_without_a_pipe_and_reads_the_same(text):
    escaped = literal.ascii_json(msgspec.json.encode(text).decode())
    assert re.fullmatch(r"[ -{}~]+", escaped)
    assert msgspec.json.decode(escaped) == text

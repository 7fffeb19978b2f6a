# SPDX-License-Identifier: Apache-2.0
"""What the signing meters are made of: memory, DER, OCMF's text, clock, keys."""

import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import utils
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.signing import der, ocmf
from sampler.simulator.signing.clock import MeterClock
from sampler.simulator.signing.memory import Memory
from sampler.simulator.signing.signer import Curve, Signer
from tests.sampler.simulator.signing.host import openssl_verifies_bytes

sizes = st.integers(1, 2**384 - 1)


@given(r=sizes, s=sizes)
def test_a_signature_is_the_der_that_others_write(r, s):
    assert der.signature((r, s)) == utils.encode_dss_signature(r, s)


@given(r=sizes, s=sizes, superfluous=st.integers(1, 3))
def test_superfluous_zeros_lengthen_both_numbers_and_change_neither(r, s, superfluous):
    wrong, right = der.signature((r, s), superfluous=superfluous), der.signature((r, s))
    content, numbers = wrong[2 if wrong[1] < 0x80 else 3 :], []
    assert len(wrong) in (
        len(right) + 2 * superfluous,
        len(right) + 2 * superfluous + 1,
    )
    while content:
        assert content[0] == 2
        assert content[2 : 2 + superfluous] == bytes(superfluous)
        numbers.append(int.from_bytes(content[2 : 2 + content[1]]))
        content = content[2 + content[1] :]
    assert numbers == [r, s]


@pytest.mark.parametrize("curve", Curve)
def test_openssl_verifies_what_a_signer_signs(tmp_path, curve):
    signer = Signer(curve, name="one")
    signature = der.signature(signer.sign(b"message"))
    assert openssl_verifies_bytes(tmp_path, b"message", signature, signer.spki)
    assert not openssl_verifies_bytes(tmp_path, b"massage", signature, signer.spki)
    assert signer.sign(b"message") == signer.sign(b"message")


@given(name=st.text(max_size=10), curve=st.sampled_from(Curve))
def test_every_name_has_a_key(name, curve):
    signer = Signer(curve, name=name)
    assert len(signer.point) == 1 + 2 * curve.size
    assert len(signer.raw(signer.sign(b""))) == 2 * curve.size


@given(text=st.text())
def test_a_quoted_text_is_json(text):
    assert msgspec.json.decode(ocmf.quoted(text)) == text


@given(utc_s=st.integers(0, ocmf.LATEST_S), offset_min=st.integers(-1440, 1440))
def test_a_time_says_the_instant_whatever_the_zone(utc_s, offset_min):
    text = ocmf.time(utc_s, offset_min=offset_min, letter="S")
    assert len(text) == len("2025-12-17T12:09:16,000+0100 S")
    local = datetime.strptime(text[:19] + "+0000", "%Y-%m-%dT%H:%M:%S%z")
    sign = -1 if text[23] == "-" else 1
    shown_min = sign * (60 * int(text[24:26]) + int(text[26:28]))
    assert shown_min == offset_min
    epoch = datetime.fromtimestamp(0, tz=UTC)
    assert (local - epoch).total_seconds() - 60 * shown_min == utc_s


@given(energy_wh=st.integers(0, 10**12), places=st.integers(1, 3))
def test_an_energy_is_cut_and_never_rounded_up(energy_wh, places):
    whole, decimals = ocmf.kwh(energy_wh, places=places).split(".")
    assert len(decimals) == places
    shown = int(whole + decimals) * 10 ** (3 - places)
    assert 0 <= energy_wh - shown < 10 ** (3 - places)


@given(number=st.integers(-(2**31), 2**31 - 1), low_first=st.booleans())
def test_a_number_that_was_put_is_there(number, low_first):
    memory = Memory(range(10, 20), low_first=low_first)
    memory.put_number(12, number, 2)
    assert memory.number(12, 2, signed=True) == number
    low, high = number & 0xFFFF, number >> 16 & 0xFFFF
    first, second = (low, high) if low_first else (high, low)
    assert (memory.number(12), memory.number(13)) == (first, second)
    assert memory.get(10, 2) == memory.get(14, 2) == bytes(4)


@given(data=st.binary(max_size=8).filter(lambda data: 0 not in data))
def test_a_text_that_was_put_is_there_whatever_its_bytes(data):
    memory = Memory(range(4))
    memory.put_text(0, data.decode(errors="surrogateescape"), 4)
    assert memory.text(0, 4).encode(errors="surrogateescape") == data


def test_what_lies_between_two_runs_does_not_exist():
    memory = Memory(range(10), range(12, 20))
    assert memory.holds(0, 10)
    assert not memory.holds(0, 11)
    assert not memory.holds(9, 4)
    with pytest.raises(LookupError, match="ask holds"):
        memory.get(9, 4)


def test_a_clock_counts_from_what_it_was_set_to():
    clock = MeterClock()
    assert clock.utc_s(5_999_999_999) == 5
    clock.set(1000, now_ns=6_000_000_000)
    assert clock.utc_s(8_500_000_000) == 1002


@pytest.mark.slow
def test_a_meter_that_does_not_sign_needs_no_cryptography():
    script = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from sampler.simulator import registry\n"
        "from sampler.simulator.errors import SigningMissingError\n"
        "registry.find('eastron_sdm630')\n"
        "try: registry.find('carlo_gavazzi_em580')\n"
        "except SigningMissingError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install 'everest-powermeter[signing]'" in done.stdout

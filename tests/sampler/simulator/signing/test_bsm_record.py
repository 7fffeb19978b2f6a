# SPDX-License-Identifier: Apache-2.0
"""A BSM-WS36A's two signatures: of the snapshot, and of its OCMF text."""

import hashlib
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler.simulator.signing.bsm_layout import Kind
from sampler.simulator.signing.bsm_snapshot import Snapshot
from tests.sampler.simulator.signing.bsm import METAS, BSMHost
from tests.sampler.simulator.signing.host import (
    openssl_verifies,
    openssl_verifies_bytes,
    pyocmf_verifies,
    real,
    shape,
)

PUBLISHED = Snapshot(
    kind=Kind.CURRENT,
    since_on=15,
    imported=10_000,
    power=0,
    serial="001BZR1521070006",
    number=4278,
    operating_s=519_624,
    utc_s=1_657_267_609,
    zone_min=120,
    clock_sets=3139,
    clock_set_at_s=519_219,
    inputs=1,
    outputs=0,
    metas=METAS,
    events=0,
)
"""The snapshot of a real meter in bsm-python's doc/examples/snapshots.md."""


def charged():
    host = BSMHost()
    host.set_clock()
    host.assign()
    host.charge()
    return host


def test_the_published_snapshot_has_the_published_digest():
    assert hashlib.sha256(PUBLISHED.message).hexdigest() == (
        "1d9f2fa091c5131c8b630c72308203c596d27a96a481b34743cd481fcb6c20d9"
    )


def test_the_published_snapshot_stands_in_its_registers_as_published():
    assert (
        PUBLISHED.words[: 2 * 32]
        .hex()
        .startswith(
            "0000000f0000271000010000"
            "0001303031425a5231353231303730303036000010b60007edc862c7e5990078"
            "00000c430007ec3300010000"
        )
    )
    assert PUBLISHED.words[2 * 28 :].startswith(METAS[0].encode() + bytes(2))


def test_the_record_has_the_shape_of_the_real_one_to_the_last_blank():
    assert shape(charged().record(Kind.END)) == shape(real("bsm-python:1"))


def test_openssl_and_pyocmf_verify_both_records_of_a_charge(tmp_path):
    host = charged()
    for kind in (Kind.START, Kind.END):
        record = host.record(kind)
        assert openssl_verifies(tmp_path, record, host.spki())
        assert pyocmf_verifies(record, host.spki())
        changed = record.replace("rfid:1", "rfid:2")
        assert not openssl_verifies(tmp_path, changed, host.spki())


@pytest.mark.parametrize("has_clock", [True, False])
def test_openssl_verifies_a_snapshot_by_what_its_registers_say(tmp_path, has_clock):
    host = BSMHost()
    if has_clock:
        host.set_clock(zone_min=-60)
        host.assign()
    host.made(Kind.CURRENT)
    registers = host.snapshot(Kind.CURRENT)
    words, size = struct.unpack(">HH", registers[2 * 202 : 2 * 204])
    signature = registers[2 * 204 :][:size]
    assert (words, len(registers)) == (48, 504)
    assert openssl_verifies_bytes(tmp_path, abstract(registers), signature, host.spki())


def abstract(registers: bytes) -> bytes:
    """Give the abstract form of a snapshot that was read, from Typ on.

    By hand from bsm-python's description, apart from the meter's own.
    """
    kind, _, since_on, imported, energy_scale, power, power_scale = struct.unpack(
        ">HHIIhhh", registers[:18]
    )
    serial, rest = registers[18:34], registers[34:60]
    number, operating_s, epoch, zone, sets, set_at, inputs, outputs = struct.unpack(
        ">IIIhIIHH", rest
    )
    texts = registers[60:200], registers[200:300], registers[300:400]
    events = int.from_bytes(registers[400:404])
    content = struct.pack(">IbB", kind, 0, 255)
    content += struct.pack(">IbB", since_on, energy_scale, 30)
    content += struct.pack(">IbB", imported, energy_scale, 30)
    content += struct.pack(">ibB", power, power_scale, 27)
    content += struct.pack(">I16s", 16, serial)
    content += struct.pack(">IbB", number, 0, 255)
    for seconds in (operating_s, epoch):
        content += struct.pack(">IbB", seconds, 0, 7)
    content += struct.pack(">ibB", zone, 0, 6)
    content += struct.pack(">IbB", sets, 0, 255) + struct.pack(">IbB", set_at, 0, 7)
    for count in (inputs, outputs):
        content += struct.pack(">IbB", count, 0, 255)
    for text in texts:
        used = text.rstrip(b"\0")
        content += struct.pack(">I", len(used)) + used
    return content + struct.pack(">IbB", events, 0, 255)


def test_start_and_end_say_which_they_are_and_what_was_used():
    host = charged()
    start, end = (
        msgspec.json.decode(host.record(kind).split("|")[1])
        for kind in (Kind.START, Kind.END)
    )
    [begun], [ended] = start["RD"], end["RD"]
    assert (begun["TX"], begun["XT"], ended["TX"], ended["XT"]) == ("B", 3, "E", 4)
    used = 11_000 * (60.8 - 0.5 * 15) / 3_600_000
    assert ended["RV"] - begun["RV"] == pytest.approx(used, abs=0.02)
    assert ended["XV"] - begun["XV"] == pytest.approx(used, abs=0.02)
    assert (start["ID"], start["X2"], start["X3"]) == METAS


texts = st.text(max_size=20).filter(lambda text: not {"\0", "|"} & set(text))


@given(metas=st.tuples(texts, texts, texts))
def test_whatever_is_written_the_record_is_json_and_gives_it_back(metas):
    host = BSMHost()
    host.assign(metas)
    host.made(Kind.START)
    payload = msgspec.json.decode(host.record(Kind.START).split("|")[1])
    assert (payload["ID"], payload["X2"], payload["X3"]) == metas

# SPDX-License-Identifier: Apache-2.0
"""Meters that sign, on whole stations: what befalls a transaction, and what is told.

Every record that is handed over has been verified by openssl. The whole matrix takes
minutes; a part of it runs always.
"""

import re
from pathlib import Path

import pytest

from publisher import record
from publisher.ecdsa import PublicKey
from sampler.simulator.variant import Variant
from tests.system.signing_faults import FAULTS, LAST, Trial, rows
from tests.system.signing_models import METERS, quick_em580, quick_wm3m4c
from tests.system.signing_station import running

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(180)]

GOOD = r"start OK(, 1 record)?; stop OK, \d records?"
KEPT = "record, verified, confirmed"

EXPECTED: dict[tuple[str, str], tuple[str, str]] = {
    ("EM580", "power of the meter cut after begin"): (
        r"start UNEXPECTED_ERROR .*; stop OK, 1 record",
        KEPT,
    ),
    ("EM580", "power of the meter and the charger cut after begin"): (
        r"start UNEXPECTED_ERROR .*; stop OK, 1 record",
        KEPT,
    ),
    ("WM3M4C", "record waits, and nobody knows of it, at boot"): (
        r"start OK; stop UNEXPECTED_ERROR .*no transaction of this id.*",
        f"{KEPT} as unknown-",
    ),
    ("EM580", "record cut in half by the meter"): (
        r"start OK; stop OK \(OK, as it is\)",
        "record, unverified",
    ),
    ("EM580", "record called damaged by the meter"): (
        r"start OK; stop UNEXPECTED_ERROR .*damaged.*",
        "lost: .*damaged",
    ),
    ("EM580", "record of no length"): (
        r"start OK; stop UNEXPECTED_ERROR .*0 registers.*",
        "open",
    ),
}
"""Where the meter itself keeps it from being good. A WM3M4C does not know whose
transaction it holds; an EM580 ends by itself what it had begun."""

ANYWHERE: dict[str, tuple[str, str]] = {
    "stop of another id": (
        r"start OK.*; stop UNEXPECTED_ERROR .*no transaction.*",
        "open",
    ),
    'stop ""': (r"start OK.*; stop OK", KEPT),
    "meter exchanged in mid transaction": (
        r"start OK.*; stop UNEXPECTED_ERROR .*exchanged.*",
        f"open; the first meter back: {KEPT}",
    ),
    "meter silent at the stop": (
        r"start OK.*; stop UNEXPECTED_ERROR .*",
        f"open; back again: {KEPT}",
    ),
    "meter silent at the start": (
        r"start UNEXPECTED_ERROR .*; stop UNEXPECTED_ERROR .*",
        "nothing",
    ),
}

ALWAYS = {
    "EM580": {
        "power of the meter cut in mid transaction",
        "power of the charger cut after end",
        "record waits, and nobody knows of it, at boot",
        "record cut in half by the meter",
    },
    "WM3M4C": {
        "power of the meter cut in mid transaction",
        "power of the meter and the charger cut before read",
    },
    "BSM": {
        "power of the meter cut before end",
        "power of the charger cut before confirm",
    },
}


def matrix():
    for meter in METERS:
        for fault in FAULTS | (LAST if meter == "EM580" else {}):
            marks = [] if fault in ALWAYS[meter] else [pytest.mark.long]
            yield pytest.param(meter, fault, id=f"{meter}-{fault}", marks=marks)


@pytest.mark.parametrize(("meter", "fault"), list(matrix()))
def test_whatever_befalls_a_transaction_its_record_is_kept_and_told(meter, fault):
    [row] = rows(meter, {fault: (FAULTS | LAST)[fault]})
    usual = ANYWHERE.get(fault, (GOOD, KEPT))
    got, journal = EXPECTED.get((meter, fault), usual)
    assert re.fullmatch(got, row.got), row
    assert re.match(journal, row.journal), row


@pytest.mark.parametrize(
    "model",
    [
        quick_em580(Variant(key_size="256")),
        quick_em580(Variant(key_size="384", pad_byte=0xFF)),
        quick_wm3m4c(Variant(non_minimal_der=True)),
    ],
    ids=["EM580 256", "EM580 384, pad byte FF", "WM3M4C non-minimal DER"],
)
def test_each_kind_of_key_and_signature_gives_a_record_that_verifies(tmp_path, model):
    with running(tmp_path, model) as station:
        assert station.start("b7a1")["status"] == "OK"
        text = station.verified(reply := station.stop("b7a1"))
        key = PublicKey.read(reply["signed_meter_value"]["public_key"].encode())
        assert record.verify(text, key).is_valid
        assert station.everest.everest.public_key == key.hex
        assert list(station.everest.everest.rejections) == []
        assert station.entries()["b7a1"].record == text


@pytest.mark.parametrize(
    "model",
    [quick_em580(code=331), quick_em580(Variant(key_size="none"))],
    ids=["EM300", "EM580 without a key"],
)
def test_a_meter_that_cannot_sign_says_so_and_its_values_go_on(tmp_path, model):
    with running(tmp_path, model) as station:
        assert station.start("b7a1")["status"] == "NOT_SUPPORTED"
        assert station.stop("")["status"] == "OK"
        assert station.is_well()
        assert station.entries() == {}


def test_a_record_that_does_not_verify_silences_the_health_and_says_why(tmp_path):
    with running(tmp_path, quick_em580()) as station:
        LAST["record cut in half by the meter"](Trial("EM580", station))
        assert not station.is_well()
        log = (Path(tmp_path) / "publisher.log").read_text()
        assert "record_unverified" in log
        assert "does not verify" in log

# SPDX-License-Identifier: Apache-2.0
"""The parts of which a test makes a charging session."""

import msgspec

from ipc.units import NS_PER_S
from publisher import ending
from publisher.events import StartAsked, StopAllAsked, StopAsked
from publisher.messages import StartTransactionRequest
from publisher.ocmf import Sync
from publisher.reading import MeterIdentity, MeterReading, Open
from tests.publisher.parts import START

NOON_NS = 1_787_306_400_000_000_000
PATIENCE_NS = 30 * NS_PER_S
KEY = "5f" * 32
PUBLIC_KEY = "3059" + "00" * 89


def start_request(transaction_id="t-1", **fields):
    content = {**START, "transaction_id": transaction_id, **fields}
    return msgspec.convert(content, StartTransactionRequest)


def reading(
    energy_mwh=268_978_000,
    *,
    after_s=0.0,
    stepped_s=0.0,
    serial="S1",
    boot="boot-1",
    sync=Sync.SYNCHRONISED,
):
    """Read the meter after_s into the story, its clock set by stepped_s meanwhile."""
    mono_ns = round(after_s * NS_PER_S)
    return MeterReading(
        energy_mwh=energy_mwh,
        wall_ns=NOON_NS + mono_ns + round(stepped_s * NS_PER_S),
        mono_ns=mono_ns,
        boot_id=boot,
        sync=sync,
        meter=MeterIdentity(vendor="Eastron", model="SDM630", serial=serial),
    )


def begun(transaction_id="t-1", **fields):
    return Open(request=start_request(transaction_id), begin=reading(**fields))


def ended(energy_mwh=269_110_000, *, after_s=60.0, was_stopped=True, **fields):
    """Judge the end of begun() with this end reading."""
    end = reading(energy_mwh, after_s=after_s, **fields)
    return ending.judge(reading(), end, was_stopped=was_stopped)


def start(transaction_id="t-1", caller="c-1", *, at_ns=0, **fields):
    return StartAsked(
        caller=caller,
        asked_ns=at_ns,
        deadline_ns=at_ns + PATIENCE_NS,
        request=start_request(transaction_id, **fields),
    )


def stop(transaction_id="t-1", caller="c-2", *, at_ns=0):
    return StopAsked(
        caller=caller,
        asked_ns=at_ns,
        deadline_ns=at_ns + PATIENCE_NS,
        transaction_id=transaction_id,
    )


def stop_all(caller="c-3", *, at_ns=0):
    return StopAllAsked(caller=caller, asked_ns=at_ns, deadline_ns=at_ns + PATIENCE_NS)

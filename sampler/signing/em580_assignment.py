# SPDX-License-Identifier: Apache-2.0
"""Whom and what for, as an EM580 takes it: texts that fit, and a code for each word."""

from collections.abc import Iterator
from typing import Final

import msgspec

from ipc.commands import Assignment
from ipc.identification import IdentificationFlag, IdentificationStatus
from sampler.procedure import unfit
from sampler.signing.table import CarloGavazziTable
from sampler.signing.text import checked, terminated
from sampler.signing.words import words

TIE: Final = "<=>"
"""Stands between tariff text and transaction id in TT: EVerest's convention."""

EVSE_ID: Final = 0
CHARGING: Final = 0


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written where."""

    address: int
    data: bytes


def transaction_id_in(tariff_text: str) -> str | None:
    """Give what stands behind the last tie; None: this meter was begun by another."""
    _, tie, transaction_id = tariff_text.rpartition(TIE)
    return transaction_id if tie else None


def puts(table: CarloGavazziTable, assignment: Assignment) -> tuple[Put, ...]:
    """Give the writes of an assignment. ProcedureError (unfit): it does not fit.

    One register or text a request, as EVerest's driver does; nothing of it counts
    before the begin.
    """
    return tuple(_puts(table, assignment))


def _puts(table: CarloGavazziTable, assignment: Assignment) -> Iterator[Put]:
    is_assigned = assignment.status is IdentificationStatus.ASSIGNED
    level = table.levels[assignment.level] if assignment.level else 0
    data = checked(assignment.data, table.id.characters, "identification_data")
    place = checked(assignment.evse_id, table.place.characters, "evse_id")
    yield Put(address=table.is_assigned, data=words(is_assigned))
    yield Put(address=table.level, data=words(level))
    yield Put(address=table.flags, data=_flags(table, assignment.flags))
    yield Put(address=table.type, data=words(table.types[assignment.type]))
    yield Put(address=table.id.address, data=terminated(data))
    yield Put(address=table.place_type, data=words(EVSE_ID))
    yield Put(address=table.place.address, data=terminated(place))
    tariff = terminated(_tied(table, assignment))
    yield Put(address=table.tariff_text.address, data=tariff)
    yield Put(address=table.direction, data=words(CHARGING))


def _tied(table: CarloGavazziTable, assignment: Assignment) -> bytes:
    """Tie the transaction to its record."""
    transaction_id = assignment.transaction_id
    if TIE in transaction_id:
        raise unfit(f"transaction_id contains {TIE!r}, which ends the tariff text")
    text = f"{assignment.tariff_text}{TIE}{transaction_id}"
    return checked(text, table.tariff_bytes, "tariff_text with the transaction's id")


def _flags(table: CarloGavazziTable, flags: tuple[IdentificationFlag, ...]) -> bytes:
    """Give each group the code of its flag; 0 is every group's "none"."""
    codes = []
    for group in table.flag_groups:
        found = [flag for flag in flags if flag in group]
        if len(found) > 1:
            raise unfit(f"identification_flags: {found[0]} and {found[1]} in one group")
        codes.append(group[found[0]] if found else 0)
    return words(*codes)

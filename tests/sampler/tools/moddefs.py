# SPDX-License-Identifier: Apache-2.0
"""ModDef documents of a few points, each made for what a test asks about."""

ENERGY = {"measurand": {"base_quantity": "energy_active", "direction": "IMPORT"}}
"""For a point that is an imported energy."""


def point(**changes: object) -> dict:
    """Give a point that is imported as a power, but for what a test changes."""
    return {
        "point_id": "p",
        "storage_type": "U32",
        "mapping": {"space": "INPUT_REGISTER", "offset": 7},
        "unit": "W",
        "measurand": {"base_quantity": "active_power"},
        **changes,
    }


def document_of(*points: dict) -> dict:
    """Give a document of one device with these points."""
    return {
        "doc_id": "d",
        "version": "1",
        "devices": [{"blocks": [{"points": points}]}],
    }

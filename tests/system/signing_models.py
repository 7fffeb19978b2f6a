# SPDX-License-Identifier: Apache-2.0
"""The meters that sign, quick to boot, and where on their wire a verb takes effect."""

from collections.abc import Callable

from ipc.units import NS_PER_MS, NS_PER_S
from sampler.simulator.frame import ReadRequest, WriteRequest
from sampler.simulator.model import Model
from sampler.simulator.signing import bsm as bsm_device
from sampler.simulator.signing import em580 as em580_device
from sampler.simulator.signing import wm3m4c as wm3m4c_device
from sampler.simulator.signing.models import bsm, em580, wm3m4c
from sampler.simulator.variant import USUAL, Variant
from tests.system.tamed import At

BOOT_NS = NS_PER_S
"""Shorter than a real meter's: most rows lose its power, and wait for it."""


def quick_em580(variant: Variant = USUAL, *, code: int = 580) -> Model:
    timing = em580_device.Timing(boot_ns=BOOT_NS, clock_refused_ns=300 * NS_PER_MS)
    return em580(variant, timing=timing, code=code)


def quick_wm3m4c(variant: Variant = USUAL) -> Model:
    return wm3m4c(variant, timing=wm3m4c_device.Timing(boot_ns=BOOT_NS))


def quick_bsm() -> Model:
    return bsm(timing=bsm_device.Timing(boot_ns=BOOT_NS))


METERS: dict[str, Callable[[], Model]] = {
    "EM580": quick_em580,
    "WM3M4C": quick_wm3m4c,
    "BSM": quick_bsm,
}


def _writes(address: int, value: int) -> At:
    def at(request: ReadRequest | WriteRequest) -> bool:
        written = getattr(request, "values", {})
        return address in written and written[address] == value

    return at


def _reads(address: int) -> At:
    return lambda request: (
        isinstance(request, ReadRequest)
        and request.address <= address < request.address + request.count
    )


STEPS: dict[str, dict[str, At]] = {
    "EM580": {
        "begin": _writes(0x7040, ord("B")),
        "end": _writes(0x7040, ord("E")),
        "read": _reads(0x7110),
        "confirm": _writes(0x7100, 0),
    },
    "WM3M4C": {
        "begin": _writes(7051, ord("B") << 8),
        "end": _writes(7051, ord("r") << 8),
        "read": _reads(7612),
        "confirm": _writes(7056, 0),
    },
    "BSM": {
        "begin": _writes(41286, 2),
        "end": _writes(41540, 2),
        "read": _reads(43795),
        "confirm": _writes(40349, 0),
    },
}
"""Where on the wire a verb takes effect; registers as the facts have them."""

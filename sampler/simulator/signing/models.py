# SPDX-License-Identifier: Apache-2.0
"""The models that sign, each with its tables and what stands behind them."""

from collections.abc import Callable, Mapping

import msgspec

from ipc.clock import NS_PER_MS
from sampler.simulator.device import Device, LoadAt
from sampler.simulator.model import Identity, Model
from sampler.simulator.signing import wm3m4c_live
from sampler.simulator.signing.bsm import BSM
from sampler.simulator.signing.bsm import Timing as BSMTiming
from sampler.simulator.signing.em580 import EM580, Build
from sampler.simulator.signing.em580 import Timing as EM580Timing
from sampler.simulator.signing.em580_live import LIVE as EM580_LIVE
from sampler.simulator.signing.signer import Curve
from sampler.simulator.signing.wm3m4c import WM3M4C
from sampler.simulator.signing.wm3m4c import Timing as WM3M4CTiming
from sampler.simulator.signing.wm3m4c_layout import LARGEST_REQUEST
from sampler.simulator.variant import USUAL, Variant

_CURVES: Mapping[str | None, Curve | None] = {
    None: Curve.BRAINPOOL_P384R1,  # as in the one real record
    "384": Curve.BRAINPOOL_P384R1,
    "256": Curve.BRAINPOOL_P256R1,
    "none": None,
}


def em580(
    variant: Variant = USUAL, *, timing: EM580Timing | None = None, code: int = 580
) -> Model:
    """Make an EM580; a test may shorten its times and change its code (000Bh)."""
    times = timing or EM580Timing()

    def device(identity: Identity, load_at: LoadAt) -> Device:
        build = Build(
            serial=f"KZ{identity.serial_number:08}01D",
            curve=_CURVES[variant.key_size],
            pad_byte=variant.pad_byte or 0,
            code=code,
        )
        return EM580(build, load_at=load_at, timing=times)

    return Model(
        name="carlo_gavazzi_em580",
        turnaround_ns=1 * NS_PER_MS,  # no public figure; the wire is the limit
        largest_read=125,
        tables=lambda _: (EM580_LIVE,),
        write_codes=frozenset({6, 16}),
        boot_ns=times.boot_ns,
        device=device,
    )


def wm3m4c(variant: Variant = USUAL, *, timing: WM3M4CTiming | None = None) -> Model:
    """Make a WM3M4C; a test may shorten its times."""
    times = timing or WM3M4CTiming()

    def serial(identity: Identity) -> str:
        return f"W{identity.serial_number % 10_000_000:07}"

    def device(identity: Identity, load_at: LoadAt) -> Device:
        return WM3M4C(
            serial(identity),
            load_at=load_at,
            timing=times,
            superfluous=1 if variant.non_minimal_der else 0,
        )

    return Model(
        name="iskra_wm3m4c",
        turnaround_ns=1 * NS_PER_MS,  # no public figure; the wire is the limit
        largest_read=LARGEST_REQUEST,
        largest_write=LARGEST_REQUEST,
        tables=lambda identity: (wm3m4c_live.live(serial(identity)),),
        write_codes=frozenset({6, 16}),
        boot_ns=times.boot_ns,
        device=device,
    )


def bsm(_: Variant = USUAL, *, timing: BSMTiming | None = None) -> Model:
    """Make a BSM-WS36A; a test may shorten its times."""
    times = timing or BSMTiming()

    def device(identity: Identity, load_at: LoadAt) -> Device:
        serial = f"001BZR15{identity.serial_number:08}"
        return BSM(serial, load_at=load_at, timing=times)

    return Model(
        name="bauer_bsm_ws36a",
        turnaround_ns=1 * NS_PER_MS,  # no public figure; the wire is the limit
        largest_read=125,
        tables=lambda _: (),
        boot_ns=times.boot_ns,
        device=device,
    )


class Signing(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is made, and what of a variant it has."""

    make: Callable[[Variant], Model]
    choices: frozenset[str] = frozenset()


MODELS: Mapping[str, Signing] = {
    "carlo_gavazzi_em580": Signing(
        make=em580, choices=frozenset({"key_size", "pad_byte"})
    ),
    "bauer_bsm_ws36a": Signing(make=bsm),
    "iskra_wm3m4c": Signing(make=wm3m4c, choices=frozenset({"non_minimal_der"})),
}

# SPDX-License-Identifier: Apache-2.0
"""The models that can be simulated, by name: every one that has a profile."""

from ipc import toml
from sampler.simulator import eastron_sdm630, profile
from sampler.simulator.errors import OptionError, UnknownModelError
from sampler.simulator.model import Model
from sampler.simulator.variant import USUAL, Variant

MODELS = {model.name: model for model in (eastron_sdm630.MODEL,)}
"""Those that show more than their profile reads."""

SIGNING = frozenset({"bauer_bsm_ws36a", "carlo_gavazzi_em580", "iskra_wm3m4c"})
"""Those that sign, which needs the extra of that name."""


def names() -> list[str]:
    """Give the names of all models."""
    return sorted({*MODELS, *profile.names()})


def find(name: str, variant: Variant = USUAL) -> Model:
    """Give the model of this name, or of the profile at this path.

    UnknownModelError, UnfitProfileError: there is none. OptionError: its meters do
    not differ so. SigningMissingError: it signs, and the extra is not installed.
    """
    if name in SIGNING:
        return _signing(name, variant)
    _must_have(name, variant, frozenset())
    if name in MODELS:
        return MODELS[name]
    if profile.is_path(name) or name in profile.names():
        return profile.model(name)
    raise UnknownModelError(
        f"unknown model {name!r}: choose one that `powermeter-sampler models` lists, or"
        f" give the path of a profile{toml.did_you_mean(name, names())}"
    )


def _signing(name: str, variant: Variant) -> Model:
    # Only now: it loads a library of some megabytes, which may not be installed.
    from sampler.simulator.signing import models  # noqa: PLC0415 - see above

    signing = models.MODELS[name]
    _must_have(name, variant, signing.choices)
    return signing.make(variant)


def _must_have(name: str, variant: Variant, choices: frozenset[str]) -> None:
    for choice in sorted(variant.chosen - choices):
        option = "--" + choice.replace("_", "-")
        raise OptionError(f"{option}: {name} has no such choice; leave it out")

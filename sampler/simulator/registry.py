# SPDX-License-Identifier: Apache-2.0
"""The models that can be simulated, by name: every one that has a profile."""

from sampler.simulator import eastron_sdm630, profile
from sampler.simulator.errors import UnknownModelError
from sampler.simulator.model import Model

MODELS = {model.name: model for model in (eastron_sdm630.MODEL,)}
"""Those that show more than their profile reads."""


def names() -> list[str]:
    """Give the names of all models."""
    return sorted({*MODELS, *profile.names()})


def find(name: str) -> Model:
    """Give the model of this name, or raise UnknownModelError."""
    if name in MODELS:
        return MODELS[name]
    if name in profile.names():
        return profile.model(name)
    known = ", ".join(names())
    raise UnknownModelError(f"model {name!r} cannot be simulated; known are: {known}")

# SPDX-License-Identifier: Apache-2.0
"""The models that can be simulated, by name."""

from sampler.simulator import eastron_sdm630
from sampler.simulator.errors import UnknownModelError
from sampler.simulator.model import Model

MODELS = {model.name: model for model in (eastron_sdm630.MODEL,)}


def find(name: str) -> Model:
    """Give the model of this name, or raise UnknownModelError."""
    try:
        return MODELS[name]
    except KeyError:
        known = ", ".join(sorted(MODELS))
        raise UnknownModelError(
            f"model {name!r} cannot be simulated; known are: {known}"
        ) from None

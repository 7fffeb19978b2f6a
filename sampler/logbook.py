# SPDX-License-Identifier: Apache-2.0
"""The sampler's log events, explained; deploy/LOG.md is made from this and the code."""

from collections.abc import Mapping
from typing import Final

from ipc.logbook import STATUS_UNWRITABLE, Entry

LOGBOOK: Final[Mapping[str, Entry]] = {
    "sampler_started": Entry("the bus is about to be read"),
    "sampler_stopped": Entry("it was asked to end, and has"),
    "meter_answers": Entry("a meter that had failed, or is new, gives good samples"),
    "meter_fails": Entry(
        "a meter's newest sample is not good; ten changes are told at once, then one a"
        " minute",
        "`remedy` says what to check; `powermeter-sampler scan` finds what is on the line",
    ),
    "values_quarantined": Entry(
        "values that cannot be true were read and left out",
        "compare with the meter's display: the model, its word order, wiring",
    ),
    "counter_accepted": Entry(
        "an energy counter had jumped, was kept back, and has been steady since",
        "know why: the meter was reset or replaced",
    ),
    "block_split": Entry("the meter refuses a block of registers; it is read in parts"),
    "block_given_up": Entry(
        "this meter does not have an optional block; it is read no more"
    ),
    "verb_done": Entry("a meter that signs has begun, ended or confirmed"),
    "verb_failed": Entry(
        "a meter that signs has not done what it was asked",
        "`reason` says why; the publisher tells EVerest and tries again where that helps",
    ),
    "realtime_granted": Entry("the kernel gave what `[realtime]` asks for"),
    "realtime_refused": Entry(
        "the kernel did not; the sampler works without", "`remedy` names the right"
    ),
    "bus_sampled": Entry(
        "the line a minute: ticks, overruns, lateness, samples by kind and meter"
    ),
    **STATUS_UNWRITABLE,
}

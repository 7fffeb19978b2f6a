# SPDX-License-Identifier: Apache-2.0
"""Reading a meter over a paced line: the wire's time and the CPU's, beside others'."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sampler.plan import Block
from tests.bench import slave
from tests.bench.contest import Effort, Round, contest
from tests.bench.masters import (
    MASTERS,
    Master,
    Reads,
    Workload,
    compile_libmodbus,
    wire,
)
from tests.bench.record import Series

SECTION = "bus"

WHOLE_MS = {True: 450, False: 1200}
"""How long one round of our own takes, by is_quick; the slow ones read fewer."""

BLOCK = Block(function_code=4, address=0, count=70)
"""35 values in one read, none of them left out: what a block can do at its best."""

MODELS = {
    "SDM630": Workload(model="eastron_sdm630", baudrate=0),
    "EM580": Workload(model="carlo_gavazzi_em580", baudrate=0),
    "ABB B23": Workload(model="abb_b23", baudrate=0),
    "70 registers in one block": Workload(
        model="eastron_sdm630", baudrate=0, block=BLOCK
    ),
}
QUICK = (("SDM630", 9600), ("SDM630", 115_200), ("70 registers in one block", 9600))


def run(effort: Effort, directory: Path) -> Iterator[Series]:
    """Measure it."""
    masters = dict(MASTERS)
    if libmodbus := compile_libmodbus(directory):
        masters["libmodbus in C"] = libmodbus
    if effort.is_quick:
        del masters["pymodbus, block by block"]
    speeds = (9600, 19_200, 115_200)
    full = [(name, baudrate) for name in MODELS for baudrate in speeds]
    for name, baudrate in QUICK if effort.is_quick else full:
        template = MODELS[name]
        workload = Workload(
            model=template.model, baudrate=baudrate, block=template.block
        )
        yield from _one(f"{name}, {baudrate} baud", workload, masters, effort)


def _one(
    case: str, workload: Workload, masters: dict[str, Master], effort: Effort
) -> Iterator[Series]:
    sample_ms = workload.wire_ms([block.count for block in workload.blocks])
    count = max(2, round(WHOLE_MS[effort.is_quick] / sample_ms))
    counts = {"minimalmodbus, value by value": max(1, count // 4)}
    slaves: dict[str, slave.Slave] = {}
    with contextlib.ExitStack() as stack:
        contenders: dict[str, Round] = {}
        for name, master in masters.items():
            slaves[name] = stack.enter_context(
                slave.running(workload.baudrate, model=workload.model)
            )
            reads = stack.enter_context(master(slaves[name].path, workload))
            contenders[name] = _round(reads, counts.get(name, count))
        contenders["the wire"] = wire(workload)
        contenders["the wire, value by value"] = wire(workload, by_value=True)
        yield from contest(SECTION, case, contenders, effort)
        for name in masters:
            measured = slaves[name].finish()
            short = sum(it < measured.required_ns for it in measured.silences_ns)
            yield Series(
                section=SECTION,
                case=case,
                name=name,
                metric="silences_too_short",
                rounds=[[float(short)]],
            )


def _round(reads: Reads, count: int) -> Round:
    return lambda: reads(count)

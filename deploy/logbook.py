# SPDX-License-Identifier: Apache-2.0
"""Writes deploy/LOG.md: every log event, from the code that writes it.

python -m deploy.logbook > deploy/LOG.md. Levels and fields are read from the calls,
what an event means and what to do about it from the logbook of its package. An event
without an entry, or an entry that nothing writes, is an error; a test keeps both out.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from ipc.logbook import Entry
from publisher.logbook import LOGBOOK as PUBLISHER
from sampler.logbook import LOGBOOK as SAMPLER

ROOT = Path(__file__).parents[1]

LOGBOOKS: Mapping[str, Mapping[str, Entry]] = {
    "sampler": SAMPLER,
    "publisher": PUBLISHER,
}

LEVELS = ("debug", "info", "warning", "error")

NOTES = {"_note", "_warning", "Note"}
"""What makes a line that the loop writes later (publisher/outbox.py)."""

HEAD = """# Log events

Every line either process writes, by name. Lines are JSON on a pipe and readable on a
terminal, always with `timestamp`, `level` and `process`; a line that a rate limit let through
bears `held_back`, how many it stands for. Nothing is logged per sample.

Made by `python -m deploy.logbook`: levels and fields are those of the calls in the code.
"""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One call that writes an event: the names it may write, its level and fields."""

    where: str
    names: tuple[str, ...]
    level: str
    fields: tuple[str, ...]


def uses(package: str) -> Iterator[Use]:
    """Give every call of a package, and of ipc for it, that writes a log line."""
    paths = [*(ROOT / package).rglob("*.py"), *(ROOT / "ipc").rglob("*.py")]
    for path in sorted(path for path in paths if "simulator" not in path.parts):
        tree = ast.parse(path.read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                where = f"{path.relative_to(ROOT)}:{function.name}"
                yield from _in_function(function, where)


def _in_function(function: ast.FunctionDef, where: str) -> Iterator[Use]:
    texts = _assigned(function)
    for call in ast.walk(function):
        if not isinstance(call, ast.Call):
            continue
        found = _event_of(call)
        if found is None:
            continue
        level, event = found
        names = tuple(_names(event, texts))
        fields = tuple(word.arg for word in call.keywords if word.arg)
        if _name(call.func) in NOTES:
            fields = ("meter", "detail")
        if names:
            yield Use(where=where, names=names, level=level, fields=fields)


def _event_of(call: ast.Call) -> tuple[str, ast.expr] | None:
    """Give the level and the event's expression, if this call writes a line."""
    name = _name(call.func)
    if name in NOTES:
        words = {word.arg: word.value for word in call.keywords}
        event = words.get("event") or (call.args[0] if call.args else None)
        level = "warning" if "warning" in name or "is_warning" in words else "info"
        return None if event is None else (level, event)
    if name in LEVELS and call.args and _is_log(call.func):
        return name, call.args[0]
    if name == "_limit" and len(call.args) > 2:
        return _name(call.args[1]), call.args[2]
    if name == "log" and call.args:
        return "info", call.args[0]
    return None


def _is_log(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and "log" in _name(function.value)


def _name(expression: ast.expr) -> str:
    match expression:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.IfExp(body=body):
            return _name(body)
        case _:
            return ""


def _assigned(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """Give what each name of a function is set to, tuples taken apart."""
    found: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                found[target.id].append(node.value)
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for name, value in zip(target.elts, node.value.elts, strict=True):
                    found[_name(name)].append(value)
    return found


def _names(event: ast.expr, texts: Mapping[str, list[ast.expr]]) -> Iterator[str]:
    """Give the names an expression stands for; an open end is written with a star."""
    match event:
        case ast.Constant(value=str(name)):
            yield name
        case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), *_]):
            yield f"{prefix}*"
        case ast.IfExp(body=body, orelse=orelse):
            yield from _names(body, texts)
            yield from _names(orelse, texts)
        case ast.Name(id=name):
            for value in texts.get(name, ()):
                yield from _names(value, {})
        case _:
            pass  # an expression that names no event


def table(package: str) -> Iterator[str]:
    """Give the lines of a package's table, in the order of its logbook."""
    found = list(uses(package))
    yield f"## powermeter-{package}"
    yield ""
    yield "| event | level | fields | what it means | what to do |"
    yield "|---|---|---|---|---|"
    for event, entry in LOGBOOKS[package].items():
        mine = [use for use in found if writes(use, event)]
        levels = [level for level in LEVELS if level in {use.level for use in mine}]
        fields = dict.fromkeys(field for use in mine for field in use.fields)
        shown = ", ".join(f"`{field}`" for field in fields)
        level = entry.level or ", ".join(levels)
        yield (f"| `{event}` | {level} | {shown} | {entry.meaning} | {entry.remedy} |")


def writes(use: Use, event: str) -> bool:
    """Whether this call may write this event."""
    return any(
        event == name or (name.endswith("*") and event.startswith(name[:-1]))
        for name in use.names
    )


def document() -> str:
    """Give deploy/LOG.md as it should be."""
    lines = [HEAD]
    for package in LOGBOOKS:
        lines += [*table(package), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(document())

# SPDX-License-Identifier: Apache-2.0
"""Every sentence of the three commands that says what went wrong, from the source.

A sentence is collected where it is written, with its placeholders in braces. Counted
in are what an error of ours is raised with, what a command writes to stderr, and what
the functions in SAYING give or yield.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[1]
PACKAGES = ("ipc", "sampler", "publisher")

PRINTING = {"_fail", "_tell", "_unable", "parser.error", "sys.stderr.write"}
"""What puts its first argument before a person."""

SAYING = {
    "ipc/config.py": {"_conflicts", "_too_slow", "_twice", "_unfit", "_unsigned"},
    "ipc/toml.py": {"_explain"},
    "sampler/registermap.py": {"_complaints", "_register_complaints"},
    "sampler/tools/advice.py": {"explain_port"},
}
"""Functions that make sentences for somebody else to print."""

FOREIGN = {"RuntimeError", "TypeError", "ValueError", "AssertionError", "KeyError"}
"""Raised bare they are a mistake in the code, or caught where they are raised."""


REMEDIES = """
    add adopt-key check choose chmod correct end free give install join
    keep leave let lower make move name pip plug put raise remove restart restore run see set stop store
    use write
""".split()  # noqa: SIM905 - a list of forty words reads best as words

REMEDY = re.compile(
    rf"(^|[:;,.?(] |\) |or |and |else )({'|'.join(REMEDIES)})\b"
    r"|\bmust (be|begin|belong|count|end|exist|fit|go|have|stand)\b"
    r"|\bmust not go\b|did you mean|; cut it",
    re.IGNORECASE | re.MULTILINE,
)
"""An imperative that begins a part of the sentence; a bound that is told; a guess."""


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """What is said, where in the source, and by what: an error, or a function."""

    file: str
    line: int
    by: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.by}: {self.text}"


def sentences() -> list[Sentence]:
    """Collect them all, file by file."""
    paths = (path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
    return [found for path in sorted(paths) for found in _of_file(path)]


def _of_file(path: Path) -> Iterator[Sentence]:
    file = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text())
    saying = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in SAYING.get(file, ())
    ]
    made = [*_raised(tree), *_printed(tree)]
    made += [(function.name, said) for function in saying for said in _said(function)]
    for by, expression in made:
        yield Sentence(file=file, line=expression.lineno, by=by, text=text(expression))


def _raised(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Give what errors are made with, raised on the spot or returned to be."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Raise(exc=ast.Call(func=kind, args=[*_, said]))
                | ast.Return(value=ast.Call(func=kind, args=[*_, said]))
            ):
                name = ast.unparse(kind)
                if name.endswith("Error") and name not in FOREIGN:
                    yield name, said


def _printed(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, args=[said, *_]):
                name = ast.unparse(function)
                to_stderr = any(
                    ast.unparse(each) == "file=sys.stderr" for each in node.keywords
                )
                if name in PRINTING or to_stderr:
                    yield name, said


def _said(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        match node:
            case (
                ast.Yield(value=ast.expr() as said)
                | ast.Return(value=ast.expr() as said)
            ):
                yield said


def text(expression: ast.expr) -> str:
    """Give the sentence, with its placeholders as they are written."""
    match expression:
        case ast.Constant(value=str(said)):
            return said
        case ast.JoinedStr(values=parts):
            return "".join(map(text, parts))
        case ast.FormattedValue(value=value):
            return f"{{{ast.unparse(value)}}}"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return text(left) + text(right)
        case _:
            return f"{{{ast.unparse(expression)}}}"


def text_of(source: str) -> str:
    """Give the sentence that an expression of Python makes."""
    return text(ast.parse(source, mode="eval").body)

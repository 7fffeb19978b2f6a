# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Yocto layer know of OpenEmbedded, and of Python's imports."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

LAYER = Path(__file__).parents[2] / "deploy" / "yocto" / "meta-powermeter"
VECTOR = Path(__file__).parents[1] / "vectors" / "oe_python_packages.txt"

THIRD_PARTY = {
    "cryptography": "python3-cryptography",
    "minimalmodbus": "python3-minimalmodbus",
    "msgspec": "python3-msgspec",
    "paho": "python3-paho-mqtt",
    "serial": "python3-pyserial",
    "structlog": "python3-structlog",
}
"""Which package brings what is imported."""


def _lines() -> Iterator[tuple[str, list[str], list[str]]]:
    """Give each line of the vector: a package, what it depends on, its modules."""
    for line in VECTOR.read_text().splitlines():
        if not line.startswith("#"):
            head, _, modules = line.partition(":")
            package, _, needs = head.partition("<")
            yield package.strip(), needs.split(), modules.split()


PACKAGE_OF = {module: package for package, _, modules in _lines() for module in modules}
NEEDS = {package: {"core", *needs} for package, needs, _ in _lines() if needs}


def package_of(module: str) -> str:
    """Give the package that brings a module, whoever wrote it."""
    top = module.partition(".")[0]
    if top in THIRD_PARTY:
        return THIRD_PARTY[top]
    if top not in sys.stdlib_module_names:
        raise LookupError(
            f"{top}: which package is it in? Say so in tests/deploy/oe.py"
        )
    # zlib is a file of its own in one build and built in in another: core in both.
    built_in = "core" if top in sys.builtin_module_names else "misc"
    return f"python3-{PACKAGE_OF.get(top, built_in)}"


def with_all_they_need(packages: Iterable[str]) -> set[str]:
    """Add to split packages of the standard library what those depend on."""
    found: set[str] = set()
    waiting = [package.removeprefix("python3-") for package in packages]
    while waiting:
        package = waiting.pop()
        if package not in found:
            found.add(package)
            waiting += NEEDS.get(package, {"core"})
    return {f"python3-{package}" for package in found}


def imports(source: str) -> set[str]:
    """Give the modules that a file may import when it runs."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        match node := waiting.pop():
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                waiting += node.orelse  # the rest is for the type checker
                continue
            case ast.Import():
                found.update(name.name for name in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module)
        waiting += ast.iter_child_nodes(node)
    return found


def recipes() -> list[Path]:
    """Give every recipe of the layer."""
    return sorted(LAYER.rglob("*.bb"))


def recipe(name: str) -> Path:
    """Give the recipe of that name, whatever its version."""
    [path] = LAYER.rglob(f"{name}_*.bb")
    return path


def variables(path: Path) -> dict[str, str]:
    """Give what a recipe assigns; enough of BitBake's language for our own recipes."""
    text = path.read_text().replace("\\\n", " ")
    assigned = re.findall(r'^([\w:\[\]${}-]+) *[:?+.]*= *"([^"]*)"', text, re.MULTILINE)
    return {name: " ".join(value.split()) for name, value in assigned}


def names(value: str) -> set[str]:
    """Give the packages of a list of them, without the versions they must have."""
    return set(re.sub(r"\([^)]*\)", "", value).split())

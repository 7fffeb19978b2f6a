# SPDX-License-Identifier: Apache-2.0
"""What the three commands take, asked of their own argument parsers."""

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

PROGRAMS = {
    "powermeter-publisher": "publisher.__main__",
    "powermeter-sampler": "sampler.__main__",
    "powermeter-watch": "ipc.__main__",
}

_FILES = {"config", "port", "path", "model", "record", "public_key"}
"""Arguments that are paths, though their parser does not say so."""


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """One option or positional argument.

    flags     empty: positional
    takes     whether a value follows the flag
    is_file   the value is a path
    choices   the value is one of these
    """

    flags: tuple[str, ...]
    about: str
    takes: bool
    is_file: bool
    choices: tuple[str, ...]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command; name is empty for a program without commands."""

    name: str
    about: str
    arguments: tuple[Argument, ...]


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """One program and its commands."""

    name: str
    commands: tuple[Command, ...]


class _Parsed(BaseException):
    """Carries a parser out of a main() that is about to use it."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def programs() -> list[Program]:
    """Read all three."""
    return [_program(name, module) for name, module in PROGRAMS.items()]


def _program(name: str, module: str) -> Program:
    parser = _parser_of(module, [name])
    subparsers = _subparsers(parser)
    if not subparsers:
        command = Command(name="", about="", arguments=tuple(_arguments(parser)))
        return Program(name=name, commands=(command,))
    return Program(
        name=name,
        commands=tuple(
            Command(
                name=each,
                about=about,
                # Built anew, for a tool's arguments are only there if it is asked for.
                arguments=tuple(
                    _arguments(_subparsers(_parser_of(module, [name, each]))[each][0])
                ),
            )
            for each, (_, about) in subparsers.items()
        ),
    )


def _parser_of(module: str, argv: list[str]) -> argparse.ArgumentParser:
    """Run a main() up to where it parses; give what it would parse with."""

    def give(self: argparse.ArgumentParser, *_: object) -> argparse.Namespace:
        raise _Parsed(self)

    before = sys.argv, argparse.ArgumentParser.parse_args
    sys.argv, argparse.ArgumentParser.parse_args = argv, give  # type: ignore[assignment, method-assign]
    try:
        importlib.import_module(module).main()
    except _Parsed as parsed:
        return parsed.parser
    finally:
        sys.argv, argparse.ArgumentParser.parse_args = before  # type: ignore[method-assign]
    raise RuntimeError(f"{module}: main() parses nothing")


def _subparsers(
    parser: argparse.ArgumentParser,
) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            abouts = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
            return {
                name: (each, abouts.get(name, ""))
                for name, each in action.choices.items()
            }
    return {}


def _arguments(parser: argparse.ArgumentParser) -> Iterator[Argument]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way
        yield Argument(
            flags=tuple(action.option_strings),
            about=_about(action),
            takes=action.nargs != 0,
            is_file=action.type is Path or action.dest in _FILES,
            choices=tuple(map(str, action.choices or ())),
        )


def _about(action: argparse.Action) -> str:
    """Give the help in one line, argparse's %% undone."""
    text = (action.help or action.dest).replace("%%", "%")
    return " ".join(text.split())

# SPDX-License-Identifier: Apache-2.0
"""TOML into frozen Structs, with errors that name file, key, value and bound."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ipc.errors import ConfigError

T = TypeVar("T")

LARGEST_FILE = 1_000_000
"""Bytes; no configuration or profile is larger, a device node may be endless."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a file: frozen, and an unknown key is refused.

    A misspelled option that is silently ignored is worse than a refusal.
    """


def load(path: Path, kind: type[T]) -> T:
    """Read a file as the given Struct, or raise ConfigError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ConfigError(
                f"{path}: larger than {LARGEST_FILE} bytes: name the right file"
            )
        raw = tomllib.loads(content.decode())
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file: correct the path") from None
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}: name a file that this user may"
            " read"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}; correct it") from None
    return convert(raw, kind, where=str(path))


def convert(raw: dict[str, Any], kind: type[T], *, where: str) -> T:
    """Turn parsed TOML into the given Struct, or raise ConfigError."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_explain(str(error), raw, kind)}") from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give "; did you mean ..." if a known word is near, else nothing."""
    import difflib  # noqa: PLC0415 - only ever needed for an error

    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f"; did you mean {str(near[0])!r}?" if near else ""


def _explain(message: str, raw: dict[str, Any], kind: type) -> str:
    """Put key and value in front of msgspec's reason, which has the bound."""
    reason, _, key = message.partition(" - at `$")
    key = key.rstrip("`").lstrip(".")
    value: Any = raw
    for part in re.findall(r"[^.\[\]]+", key):
        value = value[int(part) if isinstance(value, list) else part]
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", reason):
        return (
            f"{_join(key, found[1])}: unknown key"
            f"{did_you_mean(found[1], _keys(kind)) or ': remove it'}"
        )
    if found := re.fullmatch(r"Object missing required field `(.*)`", reason):
        return f"{_join(key, found[1])}: this key is missing: add it"
    if isinstance(value, dict | list):
        return f"{key}: {reason[:1].lower()}{reason[1:]}"
    return f"{key} = {value!r}: {reason[:1].lower()}{reason[1:]}"


def _join(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key


def _keys(kind: Any) -> set[str]:  # noqa: ANN401 - any annotation
    """Collect every key the Struct and the Structs in it know."""
    match msgspec.inspect.type_info(kind) if isinstance(kind, type) else kind:
        case msgspec.inspect.StructType(fields=fields):
            keys = {field.encode_name for field in fields}
            return keys.union(*(_keys(field.type) for field in fields))
        case msgspec.inspect.ListType(item_type=item):
            return _keys(item)
        case _:
            return set()

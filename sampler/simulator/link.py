# SPDX-License-Identifier: Apache-2.0
"""A name that stays: a symbolic link to the pseudo-terminal of the day."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from sampler.simulator.errors import LinkPlaceError, LinkTakenError

TERMINALS = "/dev/pts/"


@contextlib.contextmanager
def linked(link: Path, terminal: str) -> Iterator[None]:
    """Let the link stand for the terminal inside the context.

    A link to any pseudo-terminal counts as one that a killed simulator left behind
    and is replaced in one step. Whatever else stands there is left alone:
    LinkTakenError. LinkPlaceError: it cannot be made at this place. At the end the
    link is removed, unless somebody else has replaced it meanwhile.
    """
    try:
        _make(link, terminal)
    except LinkTakenError:
        raise
    except OSError as error:
        raise LinkPlaceError(
            f"{link}: cannot make the link: {error.strerror}: name another path"
        ) from None
    try:
        yield
    finally:
        # The directory may be gone by now, and the link with it.
        with contextlib.suppress(OSError):
            if os.readlink(link) == terminal:  # noqa: PTH115 - the text, not a path
                link.unlink()


def _make(link: Path, terminal: str) -> None:
    with contextlib.suppress(FileExistsError):
        link.symlink_to(terminal)
        return
    if not link.is_symlink() or not os.readlink(link).startswith(TERMINALS):  # noqa: PTH115 - as above
        raise LinkTakenError(
            f"{link}: exists and is no link to a pseudo-terminal; remove it, or name"
            " another path"
        )
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(terminal)
    try:
        fresh.replace(link)
    finally:
        fresh.unlink(missing_ok=True)

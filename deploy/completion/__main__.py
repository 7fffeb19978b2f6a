# SPDX-License-Identifier: Apache-2.0
"""Writes the shells' completions anew: python -m deploy.completion."""

from pathlib import Path

from deploy.completion.commands import programs
from deploy.completion.shells import bash, fish, zsh

HERE = Path(__file__).parent
SHELLS = {"powermeter.bash": bash, "powermeter.fish": fish, "_powermeter": zsh}


def contents() -> dict[str, str]:
    """Give each file's content by its name."""
    found = programs()
    return {name: "\n".join(write(found)) + "\n" for name, write in SHELLS.items()}


def main() -> None:
    """Write the files."""
    for name, content in contents().items():
        (HERE / name).write_text(content)


if __name__ == "__main__":
    main()

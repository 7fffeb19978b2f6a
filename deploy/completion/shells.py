# SPDX-License-Identifier: Apache-2.0
"""The completions of bash, fish and zsh, written from what the programs take."""

from collections.abc import Iterator

from deploy.completion.commands import Argument, Command, Program

MADE = "Made by `python -m deploy.completion`; do not edit."


def bash(programs: list[Program]) -> Iterator[str]:
    """Give the lines for bash (4.0 and later), as bash-completion loads them."""
    yield "# SPDX-License-Identifier: Apache-2.0"
    yield f"# {MADE}"
    yield ""
    yield "_powermeter_reply() { # how to complete, and with what"
    yield '    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")'
    yield "}"
    for program in programs:
        yield from _bash_program(program)


def _bash_program(program: Program) -> Iterator[str]:
    function = "_" + program.name.replace("-", "_")
    yield ""
    yield f"{function}() {{"
    yield "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}"
    if program.commands[0].name:
        yield "    if [[ $COMP_CWORD == 1 ]]; then"
        names = " ".join(command.name for command in program.commands)
        yield f'        _powermeter_reply -W "{names} --help"'
        yield "        return"
        yield "    fi"
        yield "    case ${COMP_WORDS[1]} in"
        for command in program.commands:
            yield f"    {command.name})"
            yield from (f"    {each}" for each in _bash_command(command))
            yield "        ;;"
        yield "    esac"
    else:
        yield from _bash_command(program.commands[0])
    yield "}"
    yield f"complete -o filenames -F {function} {program.name}"


def _bash_command(command: Command) -> Iterator[str]:
    """Complete an option's value, an option, or else what is positional."""
    valued = [each for each in command.arguments if each.flags and each.takes]
    if valued:
        yield "    case $before in"
        for each in valued:
            yield f"    {'|'.join(each.flags)}) {_bash_value(each)} return ;;"
        yield "    esac"
    flags = " ".join(flag for each in command.arguments for flag in each.flags)
    yield "    if [[ $word == -* ]]; then"
    yield f'        _powermeter_reply -W "{flags}"'
    places = [each for each in command.arguments if not each.flags]
    choices = " ".join(choice for each in places for choice in each.choices)
    if places:
        yield "    else"
        listed = f' -W "{choices}"' if choices else ""
        yield f"        _powermeter_reply -f{listed}"
    yield "    fi"


def _bash_value(argument: Argument) -> str:
    if argument.choices:
        return f'_powermeter_reply -W "{" ".join(argument.choices)}";'
    return "_powermeter_reply -f;" if argument.is_file else "COMPREPLY=();"


def fish(programs: list[Program]) -> Iterator[str]:
    """Give the lines for fish (3.0 and later)."""
    yield "# SPDX-License-Identifier: Apache-2.0"
    yield f"# {MADE}"
    for program in programs:
        yield ""
        for command in program.commands:
            where = f"complete -c {program.name}"
            if command.name:
                about = _fish_quoted(command.about)
                yield f"{where} -n __fish_use_subcommand -f -a {command.name} -d {about}"
                where += f" -n '__fish_seen_subcommand_from {command.name}'"
            for argument in command.arguments:
                yield from _fish_argument(where, argument)


def _fish_argument(where: str, argument: Argument) -> Iterator[str]:
    about = _fish_quoted(argument.about)
    if not argument.flags:
        if argument.choices:
            yield f"{where} -a {_fish_quoted(' '.join(argument.choices))} -d {about}"
        return  # a file, which fish offers by itself
    flags = " ".join(
        f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
        for flag in argument.flags
    )
    value = ""
    if argument.choices:
        value = f" -x -a {_fish_quoted(' '.join(argument.choices))}"
    elif argument.takes:
        value = " -r -F" if argument.is_file else " -x"
    yield f"{where} {flags}{value} -d {about}"


def zsh(programs: list[Program]) -> Iterator[str]:
    """Give the lines for zsh's completion system, as a file of its fpath."""
    yield "#compdef " + " ".join(program.name for program in programs)
    yield "# SPDX-License-Identifier: Apache-2.0"
    yield f"# {MADE}"
    yield ""
    yield "local -a commands"
    yield "case $service in"
    for program in programs:
        yield f"{program.name})"
        yield from (f"    {each}" for each in _zsh_program(program))
        yield "    ;;"
    yield "esac"


def _zsh_program(program: Program) -> Iterator[str]:
    if not program.commands[0].name:
        yield from _zsh_command(program.commands[0])
        return
    yield "if (( CURRENT == 2 )); then"
    yield "    commands=("
    for command in program.commands:
        yield f"        {_zsh_quoted(f'{command.name}:{command.about}')}"
    yield "    )"
    yield "    _describe command commands"
    yield "    return"
    yield "fi"
    yield "shift words; (( CURRENT-- ))"
    yield "case $words[1] in"
    for command in program.commands:
        yield f"{command.name})"
        yield from (f"    {each}" for each in _zsh_command(command))
        yield "    ;;"
    yield "esac"


def _zsh_command(command: Command) -> Iterator[str]:
    yield "_arguments \\"
    specs = [spec for each in command.arguments for spec in _zsh_argument(each)]
    for number, spec in enumerate(specs, 1):
        yield f"    {_zsh_quoted(spec)}" + (" \\" if number < len(specs) else "")


def _zsh_argument(argument: Argument) -> Iterator[str]:
    about = argument.about
    for mark in "\\[]:":
        about = about.replace(mark, f"\\{mark}")
    if argument.choices:
        action = f"({' '.join(argument.choices)})"
    else:
        action = "_files" if argument.is_file or not argument.flags else " "
    if not argument.flags:
        yield f"*:{about}:{action}"
    for flag in argument.flags:
        yield f"{flag}[{about}]" + (f":value:{action}" if argument.takes else "")


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _zsh_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"

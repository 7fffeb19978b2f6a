#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes .venv in the checkout, with the locked versions and the project itself:
#
#     sh deploy/venv.sh demo|test|check|bench
#
# Does nothing when that is there already. Several may run at once, and one that was
# interrupted is made good by the next. The locks of the extras agree with each
# other, so one .venv can hold them all.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
venv=$root/.venv
extra=${1:-}
lock=$root/deploy/lock/$extra.txt
stamp=$venv/powermeter-$extra.stamp

fail() {
    printf 'venv.sh: %s\n' "$@" >&2
    exit 1
}

# What a finished environment was made from: the interpreter, the place (scripts and
# the editable install hold absolute paths) and the files that say what goes in.
fingerprint() {
    "$venv/bin/python" -V
    printf '%s\n' "$root"
    cat "$root/pyproject.toml" "$lock" "$root/deploy/venv.sh" | cksum
}

is_finished() {
    [ -x "$venv/bin/python" ] && [ -f "$stamp" ] &&
        [ "$(fingerprint)" = "$(cat "$stamp")" ]
}

# A name on PATH proves nothing (a version manager's shim may refuse): each must run.
find_python() {
    without_venv=
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
            >/dev/null 2>&1 || continue
        "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
        without_venv=${without_venv:-$python}
    done
    if [ -n "$without_venv" ]; then
        fail "$without_venv has no venv module" \
            "Debian and Ubuntu: apt install $without_venv-venv, then run this again"
    fi
    fail "no Python 3.11 or newer found (tried python3 and python3.11 to python3.14)" \
        "install one (Debian 12: apt install python3 python3-venv), then run this again"
}

# Runs quietly; what it said is shown only if it failed.
quietly() {
    output=$("$@" 2>&1) && return
    printf '%s\n' "$output" | tail -n 8 >&2
    return 1
}

# The mark says whose .venv it is: one that somebody else made is never removed. It
# is there before anything else, so that an interrupted one is known as ours too.
make_venv() {
    mark=$venv/powermeter-made-in
    if [ -f "$mark" ]; then
        [ "$(cat "$mark")" = "$root" ] &&
            "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return
    elif [ -f "$venv/pyvenv.cfg" ]; then
        fail "$venv was not made by this script: move it away, then run this again"
    fi
    rm -rf "$venv"
    find_python # only now: it may have been first on PATH
    mkdir "$venv"
    echo unfinished >"$mark"
    quietly "$python" -m venv "$venv" ||
        fail "$python could not make $venv, see above"
    printf '%s\n' "$root" >"$mark"
}

pip_install() {
    quietly .venv/bin/python -m pip --quiet --no-input --disable-pip-version-check \
        install "$@"
}

install_all() {
    cd "$root"
    pip_install --require-hashes -r "deploy/lock/$extra.txt" ||
        fail "could not install deploy/lock/$extra.txt, see above" \
            "it needs the package index once; behind a proxy set https_proxy"
    pip_install --no-deps --no-build-isolation --editable . ||
        fail "could not install the project itself, see above"
}

case $extra in
demo | test | check | bench) ;;
*) fail "usage: sh deploy/venv.sh demo|test|check|bench" ;;
esac

is_finished && exit

# The kernel gives the lock back however this ends; no lock file to be left over.
if command -v flock >/dev/null; then
    exec 9<"$root/deploy/lock"
    if ! flock -n 9; then
        echo "waiting for the run that makes .venv just now ..." >&2
        flock 9
    fi
    is_finished && exit
fi

echo "making .venv with $(grep -c '==' "$lock") locked packages (once, under a minute) ..." >&2
make_venv
install_all
fingerprint >"$stamp.new"
mv "$stamp.new" "$stamp"

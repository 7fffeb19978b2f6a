#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs all tests on every CPython from 3.11 that this machine has, the oldest of them
# with each dependency at its floor: sh tests/pythons.sh [pytest's arguments]
#
# All at once, because a test mostly waits: three runs take two processors as long as
# one, four minutes. Leaves nothing behind. Expects what tests/run.sh installs.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
work=$(mktemp -d)
runs=
cleanup() {
    [ -z "$runs" ] || kill $runs 2>/dev/null || :
    wait
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Prints "3.12 <path>" for each interpreter that runs and is what we ask for. A name on
# PATH proves nothing: a version manager's shim may refuse.
candidates() {
    for python in python3 python3.11 python3.12 python3.13 python3.14 python3.15 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3; do
        "$python" - 2>/dev/null <<'END' || :
import ensurepip, sys, venv
assert sys.version_info >= (3, 11) and sys.implementation.name == "cpython"
print("%d.%d" % sys.version_info[:2], sys.executable)
END
    done
}

# One of each version, the oldest first.
candidates | sort -s -V -k 1,1 | awk '!seen[$1]++' >"$work/pythons"
[ -s "$work/pythons" ] || {
    echo "pythons.sh: no CPython from 3.11 found" >&2
    exit 1
}

pip_install() {
    "$work/$version/bin/python" -m pip --quiet --no-input \
        --disable-pip-version-check install "$@"
}

install() {
    "$python" -m venv "$work/$version" &&
        pip_install --require-hashes -r "$root/deploy/lock/$lock.txt" &&
        pip_install --no-deps --no-build-isolation --editable "$root"
}

lock=floors
cd "$root"
while read -r version python; do
    echo "$version: $("$python" -V), dependencies of deploy/lock/$lock.txt"
    install >"$work/$version.log" 2>&1 </dev/null || {
        cat "$work/$version.log" >&2
        exit 1
    }
    "$work/$version/bin/python" -m pytest -o cache_dir="$work/$version.cache" "$@" \
        >"$work/$version.log" 2>&1 </dev/null &
    runs="$runs $!"
    echo "$version $!" >>"$work/runs"
    lock=test
done <"$work/pythons"

while read -r version run; do
    wait "$run" || echo "$version" >>"$work/failed"
    echo "$version: $(tail -n 1 "$work/$version.log")"
done <"$work/runs"
runs=
[ -e "$work/failed" ] || exit 0

# What failed in the crowd is asked again alone: some tests hold a line of 9600 baud to
# its milliseconds, which three runs on two processors do not leave them.
status=0
while read -r version; do
    grep -E "^(FAILED|ERROR) " "$work/$version.log" || :
    if "$work/$version/bin/python" -m pytest -o cache_dir="$work/$version.cache" \
        --last-failed "$@" >"$work/$version.again.log" 2>&1 </dev/null; then
        echo "$version: again, alone: $(tail -n 1 "$work/$version.again.log")"
    else
        status=1
        cat "$work/$version.again.log"
        echo "$version: FAILED"
    fi
done <"$work/failed"
exit $status

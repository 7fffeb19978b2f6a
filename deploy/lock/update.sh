#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the locks anew with uv: sh deploy/lock/update.sh
# The check lock holds everything but the rivals of the benches; the others agree with it,
# so that one .venv can hold them all. UV_INDEX_URL and the like are honoured, but
# not written down: a lock names packages, versions and hashes, never a host.
set -eu
cd "$(dirname -- "$0")/../.."

compile() {
    output=deploy/lock/$1.txt
    shift
    uv pip compile pyproject.toml deploy/lock/build.in --quiet --universal \
        --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
        --upgrade --output-file "$output.new" "$@"
    {
        echo "# Made by deploy/lock/update.sh from pyproject.toml; do not edit."
        cat "$output.new"
    } >"$output"
    rm "$output.new"
}

compile check --extra test --extra check
compile test --extra test --constraints deploy/lock/check.txt
compile demo --extra demo --constraints deploy/lock/check.txt
compile bench --extra bench --constraints deploy/lock/check.txt

# Each dependency at the oldest version that pyproject.toml allows (tests/pythons.sh
# runs the tests with these); the tools of the tests as they are locked.
tools=$(mktemp)
trap 'rm -f "$tools"' EXIT
grep -oE '^(coverage|editables|hatchling|hypothesis|py(modbus|ocmf|test[a-z-]*)|supervisor|trustme)==[^ ;]+' \
    deploy/lock/test.txt >"$tools"
compile floors "$tools" --extra demo --extra metrics --extra moddef --extra signing \
    --resolution lowest-direct --no-annotate

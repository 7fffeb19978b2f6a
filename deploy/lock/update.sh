#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the locks anew with uv: sh deploy/lock/update.sh
# The check lock holds everything; the two others are parts of it, so that all three
# agree and one .venv can hold them all. UV_INDEX_URL and the like are honoured, but
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

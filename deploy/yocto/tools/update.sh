#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the locks in here anew with uv: sh deploy/yocto/tools/update.sh
set -eu
cd "$(dirname -- "$0")"

for name in oelint scarthgap wrynose; do
    uv pip compile "$name.in" --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade \
        --output-file "$name.new"
    {
        echo "# Made by deploy/yocto/tools/update.sh from $name.in; do not edit."
        cat "$name.new"
    } >"$name.txt"
    rm "$name.new"
done

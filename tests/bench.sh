#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures the service beside its rivals, from a clone: sh tests/bench.sh [--quick]
# [--json FILE] [--baseline FILE] [--report FILE.html] ...; --help has the rest.
# With Debian's libmodbus-dev and a compiler it measures itself beside C as well.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

sh "$root/deploy/venv.sh" bench

# The files that are named are the caller's, the modules are the checkout's.
PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} \
    exec "$root/.venv/bin/python" -m tests.bench "$@" </dev/null

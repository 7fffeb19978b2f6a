#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole chain on this machine, no hardware: sh deploy/demo/run.sh [--duration S]
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
sh "$root/deploy/venv.sh" demo
cd "$root"
exec .venv/bin/python -m deploy.demo "$@"

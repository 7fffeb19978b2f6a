#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the tests from a clone: sh tests/run.sh [pytest's arguments]
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

has_mosquitto() {
    command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ]
}

can_install() {
    [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null
}

# Only the program is wanted: the package's service is neither started (policy-rc.d
# is how Debian is told so) nor left enabled.
install_mosquitto() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends mosquitto || return
    if command -v systemctl >/dev/null; then
        systemctl disable --quiet mosquitto || :
    fi
) >/dev/null 2>&1

sh "$root/deploy/venv.sh" test

if ! has_mosquitto && can_install; then
    echo "installing mosquitto for the broker tests ..." >&2
    install_mosquitto || :
fi
has_mosquitto ||
    echo "no mosquitto: the broker tests run on the embedded broker (MQTT 3.1.1)" >&2

cd "$root"
if [ "${CI:-}" = true ]; then
    set -- --hypothesis-profile=ci "$@"
fi
exec .venv/bin/python -m pytest "$@" </dev/null

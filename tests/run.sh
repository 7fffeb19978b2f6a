#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the tests from a clone: sh tests/run.sh [pytest's arguments]
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

has() {
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]
}

# The Debian packages that are not there. Tests that need one skip without it.
missing() {
    has mosquitto || echo mosquitto
    has openssl || echo openssl
    has systemd-analyze || echo systemd
    [ -x /usr/bin/supervisord ] || echo supervisor
}

can_install() {
    [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null
}

# Only the programs are wanted: no service of a package is started (policy-rc.d is how
# Debian is told so) or left enabled.
install_packages() (
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
        apt-get install -y -qq --no-install-recommends "$@" || return
    for service in mosquitto supervisor; do
        case " $* " in
        *" $service "*)
            if command -v systemctl >/dev/null; then
                systemctl disable --quiet "$service" || :
            fi
            ;;
        esac
    done
) >/dev/null 2>&1

sh "$root/deploy/venv.sh" test

packages=$(missing)
if [ -n "$packages" ] && can_install; then
    echo "installing for the tests:" $packages >&2
    # Unquoted: one word a package.
    install_packages $packages || :
fi
has mosquitto ||
    echo "no mosquitto: the broker tests run on the embedded broker (MQTT 3.1.1)" >&2

cd "$root"
profile=dev
if [ "${CI:-}" = true ]; then
    profile=ci
fi
tests() {
    .venv/bin/python -m pytest --hypothesis-profile=$profile "$@" </dev/null
}

if [ $# != 0 ]; then
    tests "$@"
    exit
fi
# A test mostly waits, so a whole run goes through several workers, two a processor. What
# fails in that crowd is asked again alone: some tests hold a line of 9600 baud to its
# milliseconds, which busy processors do not leave them.
status=0
tests -n "$(($(nproc) * 2))" --dist worksteal || status=$?
[ $status = 1 ] || exit $status
tests --last-failed

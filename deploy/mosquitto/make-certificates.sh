#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a small authority and what it vouches for: the broker and the publisher.
#
#     sh make-certificates.sh DIRECTORY [NAME ...]
#
# NAME is a host name or an address under which the publisher reaches the broker (its
# mqtt.host); without any: localhost, 127.0.0.1 and ::1. What is in the directory
# already is kept: to renew one, delete its .pem and .key and run this again.
#
#     ca.pem, ca.key           keep the key off the charger: who has it can be anybody
#     server.pem, server.key   for the broker
#     client.pem, client.key   for the publisher; its name is "powermeter"
#
# They are valid for 20 years, because nobody comes by to renew them.
set -eu
umask 077

DAYS=7300

fail() {
    printf 'make-certificates.sh: %s\n' "$1" >&2
    exit 1
}

[ $# -ge 1 ] || fail "usage: sh make-certificates.sh DIRECTORY [NAME ...]"
command -v openssl >/dev/null || fail "no openssl: install it, then run this again"
directory=$1
shift
[ $# -ge 1 ] || set -- localhost 127.0.0.1 ::1

names=
for name; do
    case $name in
    *[!A-Za-z0-9.:-]* | '') fail "$name: neither a host name nor an address" ;;
    *:*) kind=IP ;;
    *[!0-9.]*) kind=DNS ;;
    *) kind=IP ;;
    esac
    names=$names${names:+,}$kind:$name
done

mkdir -p "$directory"
cd "$directory"
work=$(mktemp -d ./work.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# Speaks only when it fails: openssl says nothing useful otherwise.
quietly() {
    "$@" >"$work/said" 2>&1 || fail "openssl failed: $(cat "$work/said")"
}

# A key and its certificate appear together, or not at all.
keep() {
    mv "$work/$1.key" "$1.key"
    mv "$work/$1.pem" "$1.pem"
    chmod 644 "$1.pem" # it is public; the key stays 0600
    echo "made $directory/$1.pem and $1.key"
}

# Everything is said here: what openssl.cnf says differs from system to system. The key
# identifiers are what strict verifiers (Python from 3.13 on) ask for.
cat >"$work/openssl.cnf" <<END
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $names
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END

# request NAME COMMON-NAME MORE: a new key, and a request (or a certificate) for it
request() {
    key=$work/$1.key
    subject=/CN=$2
    shift 2
    quietly openssl req -config "$work/openssl.cnf" -newkey ec \
        -pkeyopt ec_paramgen_curve:prime256v1 -sha256 -nodes \
        -subj "$subject" -keyout "$key" "$@"
}

make_authority() {
    request ca 'powermeter CA' -x509 -days $DAYS -extensions authority \
        -out "$work/ca.pem"
    keep ca
}

# make server|client COMMON-NAME
make() {
    [ -f ca.key ] || fail "$directory/ca.key is not here: $1.pem cannot be vouched for"
    request "$1" "$2" -out "$work/request"
    quietly openssl x509 -req -in "$work/request" -days $DAYS -sha256 \
        -CA ca.pem -CAkey ca.key -set_serial "0x$(openssl rand -hex 16)" \
        -extfile "$work/openssl.cnf" -extensions "$1" -out "$work/$1.pem"
    keep "$1"
}

[ -f ca.pem ] || make_authority
[ -f server.pem ] || make server "$1"
[ -f client.pem ] || make client powermeter

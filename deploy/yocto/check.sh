#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checks of the Yocto layer that need the package index: sh deploy/yocto/check.sh
#
# The recipes are read by oelint-adv. Then, with the build tools of the oldest and of the
# newest release, every source is fetched, compared with its recipe's checksums and
# built as OpenEmbedded does it. Takes a minute; leaves nothing behind. (What needs no
# index is in tests/deploy/test_yocto.py.)
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
recipes=$here/meta-powermeter/recipes-devtools/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    printf 'check.sh: %s\n' "$@" >&2
    exit 1
}

# Runs quietly; what it said is shown only if it failed.
quietly() {
    output=$("$@" 2>&1) && return
    printf '%s\n' "$output" | tail -n 20 >&2
    fail "failed: $*"
}

# The first of these that runs and is new enough. (A name on PATH proves nothing.)
find_python() {
    for python in "$@" "$here/../../.venv/bin/python" python3; do
        "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null && return
    done
    fail "no Python 3.11 or newer found"
}

make_venv() {
    name=$1
    shift
    find_python "$@"
    quietly "$python" -m venv "$work/$name"
    quietly "$work/$name/bin/pip" --disable-pip-version-check install \
        --require-hashes -r "$here/tools/$name.txt"
}

lint() {
    make_venv oelint
    for release in scarthgap wrynose; do
        # homepageping opens the network; the layer's infos are matters of taste.
        quietly "$work/oelint/bin/oelint-adv" --quiet --hide info --release $release \
            --suppress oelint.vars.homepageping -- \
            "$here/meta-powermeter/conf/layer.conf" \
            $(find "$here/meta-powermeter" -name '*.bb')
        echo "oelint-adv: nothing to say of the layer on $release"
    done
}

# The assignments of a recipe that a build depends on.
sum_of() {
    sed -n 's/^SRC_URI\[sha256sum\] = "\(.*\)"$/\1/p' "$recipes/$1"
}

licences_of() {
    sed -n 's/.*file:\/\/\(LICENSE[A-Z-]*\);md5=\([0-9a-f]*\).*/\2  \1/p' "$recipes/$1"
}

# build, as python_pep517.bbclass does it: it refuses tools that are too old.
build_wheel() {
    quietly "$work/$release/bin/python" -m build --no-isolation --wheel \
        --outdir "$work/wheels-$release" "$1"
    echo "$release: built $2"
}

build_recipe() {
    recipe=$1
    package=${recipe%.bb}
    package=${package#python3-}
    version=${package#*_}
    package=${package%_*}
    echo "$package==$version --hash=sha256:$(sum_of "$recipe")" >"$work/wanted"
    quietly "$work/$release/bin/pip" --disable-pip-version-check download --no-deps \
        --no-binary :all: --no-build-isolation --dest "$work" \
        --require-hashes -r "$work/wanted"
    tar -xzf "$work/$package-$version.tar.gz" -C "$work"
    (cd "$work/$package-$version" && licences_of "$recipe" | md5sum --check --quiet) ||
        fail "$recipe: not the licence it was written for"
    build_wheel "$work/$package-$version" "$package $version"
}

# Ours is copied first, so that no build directory is left in the checkout.
build_ours() {
    rm -rf "$work/ours"
    mkdir "$work/ours"
    (cd "$here/../.." &&
        cp -R CHANGELOG.md LICENSE README.md ipc publisher pyproject.toml sampler \
            "$work/ours")
    build_wheel "$work/ours" "everest-powermeter"
}

build_all() {
    release=$1
    make_venv "$release" "$2"
    build_ours
    build_recipe python3-minimalmodbus_2.1.1.bb
    build_recipe "python3-msgspec_$3.bb"
    build_recipe python3-structlog_25.5.0.bb
}

lint
build_all scarthgap python3.12 0.19.0
build_all wrynose python3.14 0.21.1

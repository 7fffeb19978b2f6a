SUMMARY = "Structured logging"
DESCRIPTION = "Logs events with key and value pairs instead of prose."
HOMEPAGE = "https://www.structlog.org/"
SECTION = "devel/python"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "\
    file://LICENSE-APACHE;md5=2ee41112a44fe7014dce33e26468ba93 \
    file://LICENSE-MIT;md5=0473cdcf9c6ed3f81c08d886870daea5 \
"

SRC_URI[sha256sum] = "098522a3bebed9153d4570c6d0288abf80a031dfdb2048d59a49e9dc2190fc98"

inherit pypi python_hatchling

DEPENDS += "\
    python3-hatch-fancy-pypi-readme-native \
    python3-hatch-vcs-native \
"

RDEPENDS:${PN} += "\
    python3-asyncio \
    python3-core \
    python3-datetime \
    python3-json \
    python3-logging \
    python3-numbers \
    python3-threading \
"

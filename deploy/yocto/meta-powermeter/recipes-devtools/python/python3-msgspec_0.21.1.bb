SUMMARY = "Typed serialisation and validation"
DESCRIPTION = "Converts JSON, MessagePack, TOML and YAML to typed structures and back."
HOMEPAGE = "https://jcristharif.com/msgspec/"
SECTION = "devel/python"
LICENSE = "BSD-3-Clause"
LIC_FILES_CHKSUM = "file://LICENSE;md5=c21402f8022478021f697044388b97c4"

SRC_URI[sha256sum] = "2313508e394b0d208f8f56892ca9b2799e2561329de9763b19619595a6c0f72c"

inherit pypi python_setuptools_build_meta

DEPENDS += "python3-setuptools-scm-native"

# nooelint: oelint.task.noanonpython - only this can refuse a wrong version
python () {
    if bb.utils.vercmp_string(d.getVar("PYTHON_BASEVERSION"), "3.14") < 0:
        raise bb.parse.SkipRecipe("0.21.1 wants setuptools 80: see 0.19.0")
}

RDEPENDS:${PN} += "\
    python3-core \
    python3-datetime \
    python3-json \
    python3-netclient \
    python3-numbers \
"

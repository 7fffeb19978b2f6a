SUMMARY = "Typed serialisation and validation"
DESCRIPTION = "Converts JSON, MessagePack, TOML and YAML to typed structures and back."
HOMEPAGE = "https://jcristharif.com/msgspec/"
SECTION = "devel/python"
LICENSE = "BSD-3-Clause"
LIC_FILES_CHKSUM = "file://LICENSE;md5=c21402f8022478021f697044388b97c4"

SRC_URI[sha256sum] = "604037e7cd475345848116e89c553aa9a233259733ab51986ac924ab1b976f8e"

inherit pypi setuptools3

# The newest that the setuptools of scarthgap, styhead and walnascar can build.
# nooelint: oelint.task.noanonpython - only this can refuse a wrong version
python () {
    if bb.utils.vercmp_string(d.getVar("PYTHON_BASEVERSION"), "3.14") >= 0:
        raise bb.parse.SkipRecipe("0.19.0 does not know Python 3.14: see 0.21.1")
}

RDEPENDS:${PN} += "\
    python3-core \
    python3-datetime \
    python3-json \
    python3-netclient \
    python3-numbers \
"

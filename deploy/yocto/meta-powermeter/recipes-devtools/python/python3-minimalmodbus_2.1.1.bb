SUMMARY = "Modbus RTU and ASCII over serial ports"
DESCRIPTION = "Speaks Modbus RTU and Modbus ASCII to instruments on a serial line."
HOMEPAGE = "https://github.com/pyhys/minimalmodbus"
SECTION = "devel/python"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=27da4ba4e954f7f4ba8d1e08a2c756c4"

SRC_URI[sha256sum] = "c3f5a56e107d537e4bb420f7e735841ab2939c8ca6fb528f5fe4124571315b64"

inherit pypi python_flit_core

RDEPENDS:${PN} += "\
    python3-core \
    python3-io \
    python3-pyserial \
"

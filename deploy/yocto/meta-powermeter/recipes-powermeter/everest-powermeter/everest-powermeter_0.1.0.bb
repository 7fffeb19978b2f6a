SUMMARY = "Electricity meters over Modbus RTU for EVerest"
SUMMARY:${PN}-realtime = "${SUMMARY} (ticks under SCHED_FIFO)"
SUMMARY:${PN}-signing = "${SUMMARY} (records signed here)"
SUMMARY:${PN}-simulator = "${SUMMARY} (a meter on a pseudo-terminal)"
DESCRIPTION = "Reads electricity meters over Modbus RTU at a fixed rate and speaks \
MQTT to EVerest's powermeter_API."
HOMEPAGE = "https://everest.github.io/"
SECTION = "net"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

# Like EVerest's own layer it builds the repository it is a part of: the layer and what
# it installs cannot differ, and no revision is to be kept here. There is no S on
# purpose: the default is right from scarthgap on, and newer releases refuse others.
# nooelint: oelint.vars.fileextrapaths,oelint.vars.outofcontext - as said
FILESEXTRAPATHS:prepend := "${THISDIR}/../../../../..:"
SRC_URI = "\
    file://CHANGELOG.md;subdir=${BP} \
    file://LICENSE;subdir=${BP} \
    file://README.md;subdir=${BP} \
    file://deploy/config.toml;subdir=${BP} \
    file://deploy/systemd;subdir=${BP} \
    file://ipc;subdir=${BP} \
    file://publisher;subdir=${BP} \
    file://pyproject.toml;subdir=${BP} \
    file://sampler;subdir=${BP} \
"

# The names of the buses in the configuration: each is read by a process of its own.
# nooelint: oelint.vars.mispell.unknown - ours
POWERMETER_BUSES ?= "rs485"

inherit features_check python_hatchling systemd useradd

REQUIRED_DISTRO_FEATURES = "systemd"

# Made in the image and not by sysusers.d at boot: the root may be read-only.
USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --user-group --groups dialout --no-create-home \
    --home-dir ${localstatedir}/lib/powermeter --shell ${base_sbindir}/nologin powermeter"

SYSTEMD_SERVICE:${PN} = "powermeter.target powermeter-publisher.service \
    ${@' '.join('powermeter-sampler@%s.service' % bus for bus in d.getVar('POWERMETER_BUSES').split())}"

do_install:append() {
    install -d ${D}${systemd_system_unitdir}
    for unit in powermeter.target powermeter-publisher.service powermeter-sampler@.service; do
        sed 's|/opt/powermeter/bin/|${bindir}/|' ${S}/deploy/systemd/$unit \
            > ${D}${systemd_system_unitdir}/$unit
        chmod 0644 ${D}${systemd_system_unitdir}/$unit
    done
    install -D -m 0644 ${S}/deploy/systemd/61-powermeter.rules \
        ${D}${nonarch_base_libdir}/udev/rules.d/61-powermeter.rules
    install -D -m 0644 ${S}/deploy/systemd/powermeter.modules-load.conf \
        ${D}${nonarch_libdir}/modules-load.d/powermeter.conf
    install -D -m 0644 ${S}/deploy/systemd/powermeter.tmpfiles.conf \
        ${D}${nonarch_libdir}/tmpfiles.d/powermeter.conf
    install -D -m 0644 ${S}/deploy/systemd/50-realtime.conf \
        ${D}${systemd_system_unitdir}/powermeter-sampler@.service.d/50-realtime.conf
    install -D -m 0644 ${S}/deploy/systemd/50-signing.conf \
        ${D}${systemd_system_unitdir}/powermeter-publisher.service.d/50-signing.conf

    install -d -m 0700 ${D}${sysconfdir}/credstore
    install -d -m 0750 ${D}${sysconfdir}/powermeter
    install -m 0640 ${S}/deploy/config.toml ${D}${sysconfdir}/powermeter/config.toml
    chown -R root:powermeter ${D}${sysconfdir}/powermeter
}

PACKAGES =+ "${PN}-realtime ${PN}-signing ${PN}-simulator"

FILES:${PN}-realtime += "${systemd_system_unitdir}/powermeter-sampler@.service.d"

FILES:${PN}-signing += "${systemd_system_unitdir}/powermeter-publisher.service.d"

FILES:${PN}-simulator += "${PYTHON_SITEPACKAGES_DIR}/sampler/simulator"

FILES:${PN} += "\
    ${nonarch_base_libdir}/udev/rules.d \
    ${nonarch_libdir}/modules-load.d \
    ${nonarch_libdir}/tmpfiles.d \
"
CONFFILES:${PN} = "${sysconfdir}/powermeter/config.toml"

# OE splits the standard library: what is not named here is missing on the charger only.
RDEPENDS:${PN} += "\
    python3-core \
    python3-crypt \
    python3-ctypes \
    python3-datetime \
    python3-difflib \
    python3-io \
    python3-logging \
    python3-math \
    python3-minimalmodbus \
    python3-mmap \
    python3-msgspec \
    python3-netclient \
    python3-numbers \
    python3-paho-mqtt \
    python3-pyserial \
    python3-sqlite3 \
    python3-statistics \
    python3-structlog \
    python3-tomllib \
"
RDEPENDS:${PN}-realtime = "${PN}"
# 43 is the first with deterministic nonces; where a release is older, the image is
# refused, not the first transaction.
RDEPENDS:${PN}-signing = "${PN} python3-cryptography (>= 43)"
RDEPENDS:${PN}-simulator = "\
    ${PN} \
    python3-terminal \
"
# A simulated meter may sign, too.
RRECOMMENDS:${PN}-simulator = "${PN}-signing"
# For the usual USB adapters; a board with a serial port of its own needs none.
RRECOMMENDS:${PN} += "\
    kernel-module-cdc-acm \
    kernel-module-cp210x \
    kernel-module-ch341 \
    kernel-module-ftdi-sio \
    kernel-module-usbserial \
"

SUMMARY = "A charger's metering and nothing else"
DESCRIPTION = "An example: the service, a broker, and a simulated meter to try it with."
LICENSE = "Apache-2.0"

inherit core-image

IMAGE_FEATURES += "read-only-rootfs"
IMAGE_INSTALL += "\
    everest-powermeter \
    everest-powermeter-simulator \
    mosquitto \
"

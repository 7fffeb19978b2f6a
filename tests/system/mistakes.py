# SPDX-License-Identifier: Apache-2.0
"""A directory of configurations, each with one mistake that people make."""

from pathlib import Path

from publisher import keys
from publisher.ecdsa import SigningKey
from publisher.record import Curve

CONFIG = """
[[bus]]
name = "rs485"
port = "{port}"
[[bus.meter]]
name = "charger-1"
model = "eastron_sdm630"
unit_id = 1
module_id = "pm_1"
{meter}
[ring]
directory = "{directory}"
[journal]
path = "{directory}/journal.db"
[mqtt]
host = "127.0.0.1"
port = 1
"""

OTHER_BUS = """
[[bus]]
name = "b"
port = "/dev/other"
[[bus.meter]]
name = "charger-2"
model = "eastron_sdm630"
unit_id = 1
module_id = "pm_2"
"""

SIGNED = "signing = 'gateway'\nserial = '7'"

FILES = {
    "typo": "[[bus",
    "noise": "\0\1\2",
    "empty": "",
    "unknown-key": CONFIG + "hots = 'localhost'",
    "no-signer": CONFIG.replace("{meter}", "signing = 'meter'"),
    "no-model": CONFIG.replace("eastron_sdm630", "eastron"),
    "no-profile": CONFIG.replace("eastron_sdm630", "{directory}/none.toml"),
    "bad-profile": CONFIG.replace("eastron_sdm630", "{directory}/empty.toml"),
    "too-fast": CONFIG.replace("[[bus.meter]]", "rate_hz = 50\n[[bus.meter]]"),
    "no-tty": CONFIG.replace("{port}", "{directory}/empty.toml"),
    "busy-port": CONFIG.replace("{port}", "{busy}"),
    "no-ring": CONFIG.replace('directory = "{directory}"', 'directory = "/nowhere"'),
    "two-buses": CONFIG.replace("[ring]", OTHER_BUS + "[ring]"),
    "password": CONFIG + "username = 'u'\npassword_file = '{directory}/open'",
    "no-password": CONFIG + "username = 'u'\npassword_file = '{directory}/none'",
    "shut-password": CONFIG + "username = 'u'\npassword_file = '{directory}/shut'",
    "shut-key": CONFIG + "[signing]\nkey_file = '{directory}/shut'",
    "no-ca": CONFIG + "tls = true\nca_file = '{directory}/none'",
    "wrong-ca": CONFIG + "tls = true\nca_file = '{directory}/open'",
    "open-key": CONFIG + "[signing]\nkey_file = '{directory}/open'",
    "no-key": CONFIG + "[signing]\nkey_file = '{directory}/none'",
    "no-journal": CONFIG.replace("{directory}/journal", "/nowhere/journal")
    + "[signing]\nkey_file = '{directory}/key'",
    "moddef": "devices: [1, 2]",
}
"""Of what is wrong with each, its name says the most."""


def write(directory: Path, names: dict[str, object]) -> None:
    """Make the files; nothing that a test runs changes them."""
    files = {
        "good": CONFIG,
        "signed": CONFIG.replace("{meter}", SIGNED),
        **{name: text.replace("{meter}", SIGNED) for name, text in FILES.items()},
    }
    for name, text in files.items():
        filled = text.replace("{meter}", "").replace("{port}", "/dev/none")
        for key, value in names.items():
            filled = filled.replace(f"{{{key}}}", str(value))
        (directory / f"{name}.toml").write_text(filled)
    for name, mode in (("open", 0o644), ("shut", 0)):
        (directory / name).write_text("secret\n")
        (directory / name).chmod(mode)
    keys.create(directory / "key", SigningKey.generate(Curve.SECP256R1))

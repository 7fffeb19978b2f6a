# SPDX-License-Identifier: Apache-2.0
"""powermeter-publisher keygen: makes the key that the gateway signs with."""

import argparse
import sys
from pathlib import Path

from publisher.errors import PublisherError
from publisher.record import SIGNING_CURVES, Curve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("path", type=Path, help="the new file; must not exist")
    parser.add_argument(
        "--curve",
        choices=[curve.value for curve in SIGNING_CURVES],
        default=Curve.SECP256R1.value,
        help="secp256r1 (default) is the one that every verifier knows",
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the key; give 0, or 2 if its file cannot be made."""
    try:
        from publisher import keys  # noqa: PLC0415 - late: the library is heavy
        from publisher.ecdsa import SigningKey  # noqa: PLC0415 - late

        key = SigningKey.generate(Curve(arguments.curve))
        keys.create(arguments.path, key)
    except PublisherError as error:
        sys.stderr.write(f"powermeter-publisher: {error}\n")
        return 2
    sys.stdout.write(
        f"public key: {key.public.hex}\nfingerprint: {key.public.fingerprint}\n"
    )
    return 0

# SPDX-License-Identifier: Apache-2.0
"""The whole chain on this machine, with no hardware, until Ctrl-C.

Exit status 0: values, communication_check, an OK to a start and a stop of a transaction
and a record with a valid signature were seen, and nothing that EVerest would drop. 1:
they were not, or a part ended by itself. 2: the command line.
"""

import argparse
import math
import os
import signal
import sys
import tempfile
from pathlib import Path

from ipc.stop import Stop


def main() -> int:
    """Run until Ctrl-C, SIGTERM, SIGHUP or the duration; give the exit status.

    The import is late on purpose: the signal handlers come first.
    """
    stop = Stop.on_signals()
    signal.signal(signal.SIGHUP, lambda _number, _frame: stop.request())
    duration_s = _arguments().duration
    from deploy.demo.demo import Demo

    demo = Demo(duration_s=duration_s, stop=stop)
    with tempfile.TemporaryDirectory(prefix="powermeter-demo-") as directory:
        failure = demo.run(Path(directory))
    _say(f"{failure}\n{demo.seen}" if failure else str(demo.seen))
    return 0 if demo.seen.complete and not failure else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/demo/run.sh", description=__doc__)
    parser.add_argument(
        "--duration",
        type=_seconds,
        default=math.inf,
        metavar="SECONDS",
        help="end after so long; everything is seen after about 10",
    )
    return parser.parse_args()


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be more than 0, and finite")
    return seconds


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError:  # nobody reads it; keep Python from trying again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""powermeter-watch --metrics and --textfile."""

import select
import socket
import subprocess
import sys
import urllib.request

import pytest

from ipc.wake import Wake
from tests.ipc.watch.running import command, watch

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.mark.usefixtures("healthy")
def test_metrics_are_served_until_it_is_stopped(config):
    with subprocess.Popen(
        command(config, "--metrics", "0"), stdout=subprocess.PIPE, text=True
    ) as serving:
        try:
            told = serving.stdout.readline()
            port = told.removeprefix("metrics on 127.0.0.1 port ").strip()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
                healthy = 'powermeter_meter_healthy{bus="line",meter="grid"} 1.0'
                assert healthy in page.read().decode()
            serving.terminate()
            assert serving.wait() == 0
        finally:
            serving.kill()


def test_an_address_that_is_taken_is_told_with_a_remedy(config):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = watch(config, "--metrics", taken.getsockname()[1])

    assert ended.returncode == 2
    assert "choose another address" in ended.stderr


@pytest.mark.usefixtures("healthy")
def test_the_textfile_is_written_once_with_once(config, tmp_path):
    path = tmp_path / "powermeter.prom"
    ended = watch(config, "--once", "--textfile", path)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "powermeter_sampler_running" in path.read_text()


def test_a_textfile_that_cannot_be_written_is_told(config, tmp_path):
    ended = watch(config, "--once", "--textfile", tmp_path / "none" / "x.prom")

    assert ended.returncode == 2
    assert "choose another address or file" in ended.stderr


@pytest.mark.usefixtures("healthy")
def test_without_the_client_library_it_says_what_to_install(config):
    without = (
        "import sys; sys.modules['prometheus_client'] = None;"
        " from ipc.__main__ import main; sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", without, config, "--metrics", "9000"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "everest-powermeter[metrics]" in ended.stderr


@pytest.mark.usefixtures("healthy")
def test_the_textfile_is_kept_until_it_is_stopped(config, tmp_path):
    path = tmp_path / "powermeter.prom"
    options = ("--textfile", path, "--metrics", "0", "--refresh", "0.1")
    with subprocess.Popen(command(config, *options), stdout=subprocess.PIPE) as kept:
        try:
            assert kept.stdout.readline()  # it serves: the file is there since before
            with Wake(tmp_path) as wake:
                select.select([wake], [], [])
            assert path.exists()
            kept.terminate()
            assert kept.wait() == 0
        finally:
            kept.kill()

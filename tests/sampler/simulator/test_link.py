# SPDX-License-Identifier: Apache-2.0
"""The link that stands for the terminal."""

import pytest

from sampler.simulator.errors import LinkPlaceError, LinkTakenError
from sampler.simulator.link import linked


def test_the_link_stands_only_inside_the_context(tmp_path):
    link = tmp_path / "meter"
    with linked(link, "/dev/pts/4000000"):
        assert str(link.readlink()) == "/dev/pts/4000000"
    assert not list(tmp_path.iterdir())


def test_a_link_that_was_left_behind_is_replaced(tmp_path):
    link = tmp_path / "meter"
    link.symlink_to("/dev/pts/4000001")
    with linked(link, "/dev/pts/4000000"):
        assert str(link.readlink()) == "/dev/pts/4000000"
    assert not list(tmp_path.iterdir())


def test_a_link_that_somebody_took_over_is_left_to_him(tmp_path):
    link = tmp_path / "meter"
    with linked(link, "/dev/pts/4000000"), linked(link, "/dev/pts/4000001"):
        link.unlink()
        link.symlink_to("/dev/pts/4000002")
    assert str(link.readlink()) == "/dev/pts/4000002"


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_what_is_not_ours_is_left_alone(tmp_path, kind):
    link = tmp_path / "meter"
    match kind:
        case "file":
            link.write_text("precious")
        case "directory":
            link.mkdir()
        case "link":
            link.symlink_to("/etc/hostname")
    before = link.lstat()
    with pytest.raises(LinkTakenError, match="exists and is no link"):
        linked(link, "/dev/pts/4000000").__enter__()
    assert link.lstat() == before


@pytest.mark.parametrize("place", ["missing/meter", "file/meter", "x" * 300])
def test_a_place_where_no_link_can_be_is_named(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(LinkPlaceError, match="cannot make the link"):
        linked(tmp_path / place, "/dev/pts/4000000").__enter__()


def test_a_directory_that_vanished_with_the_link_is_no_error(tmp_path):
    place = tmp_path / "run"
    place.mkdir()
    with linked(place / "meter", "/dev/pts/4000000"):
        (place / "meter").unlink()
        place.rmdir()

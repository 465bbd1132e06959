"""One build for all tests of exports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exporting.mixed import write_mixed_build


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Charts, scenes and text with a system turn, several images, text alone, boxes."""
    return write_mixed_build(tmp_path_factory.mktemp("mixed"))

"""Fixtures that all tests share, and the loud count of what could not run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.releases import Release, write_releases

REAL_DATA = Path(os.environ.get("DATAKIT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real samples."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real samples at {REAL_DATA}; set DATAKIT_REAL_DATA")
    return REAL_DATA


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests keep converted records apart from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATAKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A fresh copy of small releases in their official layouts, and a mixture of them."""
    return write_releases(tmp_path)


@pytest.hookimpl(hookwrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    real = [report for report in skipped if "real" in getattr(report, "keywords", {})]
    if real:
        terminalreporter.write_sep("!", red=True, bold=True)
        terminalreporter.write_line(
            f"{len(real)} tests of REAL SAMPLES WERE SKIPPED: there are none at {REAL_DATA}. "
            "Set DATAKIT_REAL_DATA to the folder that holds them.",
            red=True,
            bold=True,
        )
        terminalreporter.write_sep("!", red=True, bold=True)

"""One demo that most tests only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit.demo import write_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "raw"
    write_demo(out, seed=3, records=120)
    return out


@pytest.fixture(scope="session", params=["smallest", "larger"])
def any_demo(
    request: pytest.FixtureRequest, demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What holds for a demo of the fewest records has to hold for a larger one."""
    if request.param == "larger":
        return demo
    out = tmp_path_factory.mktemp("demo") / "smallest"
    write_demo(out, records=30)
    return out

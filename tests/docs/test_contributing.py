"""CONTRIBUTING.md's worked example, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(?:python|yaml)\n# (?P<path>\S+)\n(?P<text>.*?)```", re.DOTALL)
MIXTURE = """\
name: flickr
root: {root}
max_reject_share: 1
sources:
  - {{dataset: flickr30k, path: flickr30k}}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the files that the guide tells one to write."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("datakit", "templates", "mixtures", "tests"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", folder)
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = {found["path"]: found["text"] for found in BLOCK.finditer(guide)}
    assert len(blocks) == 4
    for path, text in blocks.items():
        assert not (folder / path).exists()
        (folder / path).write_text(text.lstrip("\n"), encoding="utf-8")
    return folder


def run(copy: Path, *command: str) -> str:
    """Runs a command in the copy, and gives what it printed; it must succeed."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_contracts_hold_for_the_new_dataset(copy: Path) -> None:
    tests = ["tests/sources/test_converters.py", "tests/instructize/test_shipped_templates.py"]
    said = run(copy, "-m", "pytest", "-q", "-k", "flickr30k", *tests)
    assert re.search(r"^\d+ passed", said.splitlines()[-1])


def test_its_example_builds(copy: Path, tmp_path: Path) -> None:
    write = (
        "from pathlib import Path\nfrom tests.releases.flickr30k import write_flickr30k\n"
        f"write_flickr30k(Path({str(tmp_path)!r}))"
    )
    run(copy, "-c", write)
    (tmp_path / "m.yaml").write_text(MIXTURE.format(root=tmp_path))
    cli = ["-c", "from datakit.cli.main import run; run()"]
    out = tmp_path / "out"
    said = run(copy, *cli, "build", str(tmp_path / "m.yaml"), "--out", str(out), "--workers", "1")
    assert "rejected records of flickr30k: 1 fields-mismatch" in said
    assert "1 text-empty" in said
    assert "3 samples" in said
    assert "1000092795.jpg#0" in run(copy, *cli, "show", "converter", "flickr30k")


def test_the_example_is_written_as_the_project_is(copy: Path) -> None:
    files = ["datakit/sources/converters/flickr30k.py", "tests/releases/flickr30k.py"]
    run(copy, "-m", "ruff", "check", *files)
    run(copy, "-m", "ruff", "format", "--check", *files)

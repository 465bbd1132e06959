"""Runs the real command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl

from tests.releases import Release

PROGRAM = "from datakit.cli.main import run; run()"


def datakit(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the real command line."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def build(release: Release, out: Path, *more: object) -> subprocess.CompletedProcess[str]:
    return datakit("build", release.mixture, "--out", out, "--workers", 1, *more)


def rejects(out: Path) -> list[dict[str, str]]:
    return pl.read_parquet(out / "rejects.parquet").to_dicts()
